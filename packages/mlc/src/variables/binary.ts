/** Bytes and files behind `…/data`: sent and taken as they are, not as base64. */
import type { TypedValue } from '@rowhouse/bpmn'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalidRequest } from '../camunda-problems.ts'
import { parseValue } from '../camunda-values.ts'

export function isBinary({ type }: TypedValue): boolean {
  return type === 'Bytes' || type === 'File'
}

export function sendBinary(reply: FastifyReply, value: TypedValue): FastifyReply {
  // the manual and the JavaScript client write mimetype, the engine and the Java client mimeType
  const { filename, mimetype, mimeType = mimetype, encoding } = (value.valueInfo ?? {}) as Record<string, unknown>
  const type = isMimeType(mimeType) ? mimeType : 'application/octet-stream'
  if (value.type === 'File') {
    const ascii = String(filename).replace(/[^\x20-\x7e]|["\\]/g, '_')
    const exact = encodeURIComponent(String(filename))
    reply.header('content-disposition', `attachment; filename="${ascii}"; filename*=UTF-8''${exact}`)
  }
  const isEncoded = typeof encoding === 'string' && /^[\w.:-]+$/.test(encoding)
  return reply
    .type(isEncoded && value.type === 'File' ? `${type}; charset=${encoding}` : type)
    .send(Buffer.from(String(value.value ?? ''), 'base64'))
}

function isMimeType(type: unknown): type is string {
  return typeof type === 'string' && /^[\w.+-]+\/[\w.+-]+$/.test(type)
}

/** A form with a part `data` and perhaps `valueType`: Bytes, if it does not say File. */
export async function readBinary(request: FastifyRequest, prefix: string): Promise<TypedValue> {
  if (!request.isMultipart())
    throw invalidRequest(`${prefix}the bytes are sent as multipart/form-data, in a part 'data'`)
  let type = 'Bytes'
  let data: { value: string; valueInfo: Record<string, unknown> } | undefined
  for await (const part of request.parts()) {
    const content = part.type === 'file' ? await part.toBuffer() : Buffer.from(String(part.value))
    if (part.fieldname === 'valueType') type = content.toString('utf8')
    if (part.fieldname !== 'data') continue
    const filename = part.type === 'file' ? part.filename : undefined
    data = { value: content.toString('base64'), valueInfo: { filename, mimetype: part.mimetype, encoding: null } }
  }
  if (data === undefined) throw invalidRequest(`${prefix}the form has no part 'data'`)
  return parseValue(type === 'File' ? { type, ...data } : { type, value: data.value }, prefix)
}
