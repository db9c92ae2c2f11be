import { Readable } from 'node:stream'
import { hasAlready } from '@rowhouse/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ContentStore, StoredFile } from './content-store.ts'

export interface SentFile {
  filename: string | null
  contentType: string
}

const typeByExtension: Record<string, string> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  txt: 'text/plain; charset=utf-8',
}

export function describeFile(filename: string | null | undefined): SentFile {
  const extension = filename?.split('.').pop()?.toLowerCase() ?? ''
  return { filename: filename ?? null, contentType: typeByExtension[extension] ?? 'application/octet-stream' }
}

/** A managed file, whole or the range asked for. Its name is its content: it may be kept for ever. */
export function sendManaged(
  request: FastifyRequest,
  reply: FastifyReply,
  { store, file, as }: { store: ContentStore; file: StoredFile; as: SentFile },
): FastifyReply {
  const etag = `"${file.sha256}"`
  describe(reply, as)
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, immutable, max-age=31536000')
  if (hasAlready(request, etag)) return reply.code(304).send()
  const isOther = (request.headers['if-range'] ?? etag) !== etag
  const range = parseRange(isOther ? undefined : request.headers.range, file.size)
  if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${file.size}`).send()
  const { start, end } = range ?? { start: 0, end: file.size - 1 }
  if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${file.size}`)
  reply.header('content-length', String(end - start + 1))
  if (file.size === 0) return reply.send('')
  // an empty stream: of an empty text Fastify would send the length
  if (request.method === 'HEAD') return reply.send(Readable.from([]))
  return reply.send(store.read(file.sha256, { start, end }))
}

export function describe(reply: FastifyReply, { filename, contentType }: SentFile): FastifyReply {
  reply.type(contentType)
  if (filename === null) return reply
  const plain = filename.replace(/^.*[/\\]/, '')
  const ascii = plain.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  return reply.header(
    'content-disposition',
    `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(plain)}`,
  )
}

/** One range of bytes; several, or what is no range, is the whole file, as RFC 9110 allows. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return start >= size || start > end ? 'unsatisfiable' : { start, end }
}
