import { pathOf } from '@rowhouse/http'
import type { FastifyRequest } from 'fastify'

/** The mlc wing's own address as the caller sees it, without a trailing slash; `/engine/default` is kept. */
function baseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}${prefixOf(pathOf(request))}`
}

/** What lies before the resource: the known first segments of our resources mark its start. */
function prefixOf(path: string): string {
  const match =
    /^(.*?)\/(?:deployment|process-definition|process-instance|signal|signalResponsive|message)(?:\/|$)/.exec(path)
  return match?.[1] ?? ''
}

export interface Link {
  method: string
  href: string
  rel: string
}

export function selfLink(request: FastifyRequest, path: string): Link {
  return { method: 'GET', href: `${baseUrl(request)}${path}`, rel: 'self' }
}
