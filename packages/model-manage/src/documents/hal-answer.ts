import type { FastifyReply, FastifyRequest } from 'fastify'
import { isRecord } from './merge-patch.ts'

type Body = Readonly<Record<string, unknown>>

/**
 * What HAL clients expect: their media type when they ask for it, and links that can be followed as they are. Links begin with the
 * address the caller used, as Spring Data REST has them. The other wing and runtimes may call by an address that is nobody else's; what
 * they are told goes into variables and job documents.
 */
export async function halAnswer(request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<unknown> {
  const wantsHal = /\bapplication\/hal\+json\b/i.test(request.headers.accept ?? '')
  const isPlainJson = /^application\/json\b/.test(String(reply.getHeader('content-type') ?? 'application/json'))
  if (wantsHal && isPlainJson) reply.type('application/hal+json')
  const { kind } = request.principal
  // HTTP/1.0 knows no Host
  if (kind === 'internal' || kind === 'runtime' || request.host === '') return body
  const origin = `${request.protocol}://${request.host}`
  const location = reply.getHeader('location')
  if (typeof location === 'string' && location.startsWith('/')) reply.header('location', origin + location)
  return isRecord(body) ? withOrigin(body, origin) : body
}

/** A document or a list of them; deployments hold their runtime and their snapshot. */
function withOrigin(body: Body, origin: string): Body {
  const made: Record<string, unknown> = { ...body }
  if (isRecord(body._links)) made._links = mapMembers(body._links, (link) => absolute(link, origin))
  if (isRecord(body._embedded)) made._embedded = mapMembers(body._embedded, (list) => mapList(list, origin))
  for (const member of ['engine', 'deployableModel']) {
    const inner = body[member]
    if (isRecord(inner) && isRecord(inner._links)) made[member] = withOrigin(inner, origin)
  }
  return made
}

function mapMembers(members: Body, map: (value: unknown) => unknown): Body {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, map(value)]))
}

function mapList(list: unknown, origin: string): unknown {
  return Array.isArray(list) ? list.map((each) => (isRecord(each) ? withOrigin(each, origin) : each)) : list
}

function absolute(link: unknown, origin: string): unknown {
  if (!isRecord(link) || typeof link.href !== 'string' || !link.href.startsWith('/')) return link
  return { ...link, href: origin + link.href }
}
