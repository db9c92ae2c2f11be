import { InputError } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { findJsonMistake } from './json-error.ts'
import { hasLong, parseLongs } from './json-longs.ts'

/** JSON (with `+json` kinds) that says where it is broken. An empty body is no body. */
export function parseBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain'])
  addJsonParser(app, /^application\/(?:[\w.-]+\+)?json\b/i, false)
  app.addHook('preParsing', async ({ headers }) => refusePacked(headers['content-encoding']))
  // `curl -d ''` names a form of nothing
  app.addHook('onRequest', async ({ headers, server }) => {
    const type = headers['content-type']?.split(';', 1)[0] ?? ''
    if (headers['content-length'] === '0' && !server.hasContentTypeParser(type)) delete headers['content-type']
  })
}

/** Packed bytes would be stored for the file, or be told as broken JSON. */
function refusePacked(encoding: string | undefined): void {
  if (encoding === undefined || /^\s*(identity)?\s*$/i.test(encoding)) return
  throw new InputError('UnsupportedMediaType', `The body is packed by ${encoding}: send it as it is`, { status: 415 })
}

/** For a wing whose bodies hold Java's longs (json-longs.ts). */
export function parseBodiesWithLongs(app: FastifyInstance): void {
  addJsonParser(app, 'application/json', true)
}

function addJsonParser(app: FastifyInstance, contentType: string | RegExp, withLongs: boolean): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser(contentType, { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /;\s*charset="?([\w.:-]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'UTF-8'
    const text = decode(body as Buffer, charset)
    if (text === undefined) {
      done(notText(charset))
      return
    }
    if (text.trim() === '') {
      done(null, undefined)
      return
    }
    void parseJson(request, text, (error, value) => {
      if (error) done(brokenJson(text))
      else if (isDeeperThan(value, depthMax)) done(tooDeep())
      else done(null, withLongs && hasLong(text) ? parseLongs(text) : value)
    })
  })
}

/** Without a BOM; undefined when the bytes are no text in this encoding: what was meant is not to be guessed. */
function decode(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function notText(charset: string): InputError {
  return new InputError('MalformedJson', `The body is not text in ${charset}: JSON is sent in UTF-8`)
}

/** What is read further by recursion stays far below the end of the stack. */
const depthMax = 500

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  for (const member of Array.isArray(value) ? value : Object.values(value))
    if (isDeeperThan(member, depth - 1)) return true
  return false
}

function tooDeep(): InputError {
  return new InputError('MalformedJson', `The body is nested more than ${depthMax} levels deep, which is not taken`)
}

/** Forms, for the routes that take them: elsewhere a web page could send one without being asked. */
export function parseForms(app: Pick<FastifyInstance, 'addContentTypeParser'>): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
}

function brokenJson(text: string): InputError {
  const mistake = findJsonMistake(text)
  if (!mistake)
    return new InputError('MalformedJson', 'The body has a member named __proto__ or constructor, which is not taken')
  const { line, column, what } = mistake
  return new InputError('MalformedJson', `The body is not valid JSON: line ${line}, column ${column}: ${what}`, {
    line,
    column,
  })
}
