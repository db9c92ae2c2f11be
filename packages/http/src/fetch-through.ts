import { type Fetch, Unavailable } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'

/** A `fetch` that calls an app in this process: same validation, same authorisation, same errors as over the network. */
export function fetchThrough(app: () => Pick<FastifyInstance, 'inject'>): Fetch {
  return async (url, init) => {
    const { pathname, search } = new URL(url, 'http://in-process')
    const headers = Object.fromEntries(new Headers(init.headers))
    const payload = await bytesOf(init.body, headers)
    try {
      const answer = await app().inject({
        method: (init.method ?? 'GET') as 'GET',
        url: pathname + search,
        headers,
        ...(payload === undefined ? {} : { payload }),
        ...(init.signal ? { signal: init.signal } : {}),
      })
      const body = [204, 205, 304].includes(answer.statusCode) ? null : new Uint8Array(answer.rawPayload)
      return new Response(body, { status: answer.statusCode, headers: headersOf(answer.headers) })
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw new Unavailable('The server is stopping', 2000, error)
    }
  }
}

async function bytesOf(
  body: RequestInit['body'] | null,
  headers: Record<string, string>,
): Promise<Buffer | string | undefined> {
  if (body === null || body === undefined) return undefined
  if (typeof body === 'string') return body
  // a form's content type carries its boundary
  const request = new Response(body)
  const contentType = request.headers.get('content-type')
  if (contentType !== null) headers['content-type'] ??= contentType
  return Buffer.from(await request.arrayBuffer())
}

function headersOf(headers: Record<string, number | string | string[] | undefined>): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) result.append(name, String(one))
  return result
}
