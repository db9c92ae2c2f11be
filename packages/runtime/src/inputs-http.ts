/**
 * HTTP to places that jobs name. Unlike the global fetch it knows where it must not go (link-local addresses: clouds hand out credentials
 * there), gives up on a server that says nothing, and never takes credentials to another host.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { request as httpRequest, type IncomingMessage, STATUS_CODES } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { InputError } from '@rowhouse/contract'

export interface HttpCall {
  method: 'GET' | 'PUT'
  url: URL
  headers: Record<string, string>
  /** Made anew for each try. */
  body?: () => Readable
  signal: AbortSignal
  allowLinkLocal: boolean
  connectMs?: number
  idleMs?: number
}

export interface HttpAnswer {
  status: number
  /** `404 Not Found` */
  statusLine: string
  mediaType: string | null
  body: Readable
}

const redirectsMax = 5
const connectMsDefault = 10_000
const idleMsDefault = 60_000

/** The answer with its body still to be read. Redirects of a GET are followed. */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  let { url, headers } = call
  for (let redirects = 0; ; redirects++) {
    const response = await send({ ...call, url, headers })
    const status = response.statusCode ?? 0
    const location = response.headers.location
    if (call.method !== 'GET' || ![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      return {
        status,
        statusLine: `${status} ${response.statusMessage || (STATUS_CODES[status] ?? '')}`.trim(),
        mediaType: response.headers['content-type'] ?? null,
        body: decoded(response),
      }
    }
    response.destroy()
    if (redirects === redirectsMax) throw new Error(`it redirects more than ${redirectsMax} times`)
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
    if (next === undefined || !/^https?:$/.test(next.protocol))
      throw new Error('it redirects to what is not an http URL')
    if (next.origin !== url.origin) headers = withoutCredentials(headers)
    url = next
  }
}

function send({ method, url, headers, body, signal, allowLinkLocal, ...times }: HttpCall): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!allowLinkLocal && isIP(host) !== 0) refuseLinkLocal(host, host)
  const idleMs = times.idleMs ?? idleMsDefault
  return new Promise((resolve, reject) => {
    const begin: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = begin(url, {
      method,
      headers: { 'accept-encoding': 'gzip', ...headers },
      signal,
      lookup: allowLinkLocal ? dnsLookup : checkedLookup,
      timeout: idleMs,
    })
    const late = new Error(`no connection within ${(times.connectMs ?? connectMsDefault) / 1000} s`)
    const connecting = setTimeout(() => request.destroy(late), times.connectMs ?? connectMsDefault)
    request.once('socket', (socket) => {
      if (socket.connecting)
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(connecting))
      else clearTimeout(connecting)
    })
    request.on('timeout', () => request.destroy(new Error(`it said nothing for ${idleMs / 1000} s`)))
    request.once('close', () => clearTimeout(connecting))
    request.once('response', resolve)
    request.on('error', reject)
    if (body === undefined) request.end()
    else {
      const content = body()
      // a request that its content leaves would only say that it hung up
      content.once('error', reject)
      // a file is closed however the call ends
      pipeline(content, request, () => {})
    }
  })
}

function withoutCredentials(headers: Record<string, string>): Record<string, string> {
  const { authorization: _, ...rest } = headers
  return rest
}

function decoded(response: IncomingMessage): Readable {
  const decoder = {
    gzip: createGunzip,
    'x-gzip': createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
  }[response.headers['content-encoding']?.toLowerCase() ?? '']
  // whoever reads the decoded stream is told of both streams' errors
  return decoder === undefined ? response : pipeline(response, decoder(), () => {})
}

const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16)
linkLocal.addSubnet('fe80::', 10, 'ipv6')
/** The same behind NAT64, and the one of EC2's metadata that is not link-local. */
linkLocal.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
linkLocal.addAddress('fd00:ec2::254', 'ipv6')

export function isLinkLocal(address: string): boolean {
  return linkLocal.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function refuseLinkLocal(host: string, address: string): void {
  if (!isLinkLocal(address)) return
  const where = host === address ? address : `${host} is ${address}`
  throw new InputError(
    'LinkLocalAddress',
    `${where}, a link-local address, where clouds hand out credentials: no job opens it unless the runtime was started with --allow-link-local`,
  )
}

const checkedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, [])
    try {
      for (const { address } of addresses) refuseLinkLocal(hostname, address)
    } catch (refusal) {
      return callback(refusal as Error, [])
    }
    const [first] = addresses
    if (options.all || first === undefined) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
}
