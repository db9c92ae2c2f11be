import { InputError } from '@rowhouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { staleVersion } from './request-errors.ts'

/** A document's ETag is its `version`. */
export function versionEtag(version: number): string {
  return `"${version}"`
}

/** Sends a document with its ETag; 304 without a body when the caller has this version already. */
export function sendVersioned(request: FastifyRequest, reply: FastifyReply, body: { version: number }): FastifyReply {
  const etag = versionEtag(body.version)
  reply.header('etag', etag)
  return hasAlready(request, etag) ? reply.code(304).send() : reply.send(body)
}

/** A reader's If-None-Match names what would be sent. */
export function hasAlready(request: FastifyRequest, etag: string): boolean {
  const known = request.headers['if-none-match']
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  return isRead && known !== undefined && (known.trim() === '*' || tagsOf(known).includes(etag))
}

/** 412 when the caller's If-Match names another version than the document has now. Without the header all is well. */
export function checkIfMatch(request: FastifyRequest, what: string, version: number): void {
  const expected = request.headers['if-match']
  if (expected === undefined || expected.trim() === '*') return
  const tags = tagsOf(expected)
  if (tags.some((tag) => !/^"[^"]*"$/.test(tag))) {
    throw new InputError(
      'InvalidField',
      `If-Match is '${expected}': it must be a version in double quotes, for instance ${versionEtag(version)}`,
      { field: 'If-Match' },
    )
  }
  if (!tags.includes(versionEtag(version))) throw staleVersion(what, expected, version)
}

/** Weak tags and bare numbers are what proxies and hasty scripts make of ours. */
function tagsOf(header: string): string[] {
  return header.split(',').map((tag) => {
    const text = tag.trim().replace(/^W\//, '')
    return /^\d+$/.test(text) ? `"${text}"` : text
  })
}
