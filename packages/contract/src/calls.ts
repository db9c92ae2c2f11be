/** Calls to one server: token, query, body, and failed answers as the error tree. `fetch` may be the network's or a neighbour app's `inject`. */
import { AppError, InputError, Unavailable } from './errors.ts'
import { fromErrorResponse } from './wire-errors.ts'

export type Fetch = (url: string, init: RequestInit & { duplex?: 'half' }) => Promise<Response>

export interface ClientOptions {
  /** Gateway URL without a trailing slash; wings reached in one process use any placeholder. */
  baseUrl: string
  fetch?: Fetch
  /** Called for each request; undefined sends no Authorization header (an unsecured gateway). */
  token?: () => Promise<string | undefined> | string | undefined
  /** Gets a fresh token after a 401, which `token` gives from then on; the request is repeated once. */
  renewToken?: () => Promise<void>
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Called when the answer is the first one of its idempotency key again. */
  onReplayed?: () => void
}
export interface CreateOptions extends CallOptions {
  idempotencyKey?: string
}

export type Calls = ReturnType<typeof makeCalls>

export function makeCalls(options: ClientOptions) {
  const { baseUrl, renewToken } = options
  const doFetch: Fetch = options.fetch ?? ((url, init) => fetch(url, init))

  async function trySend(method: string, path: string, body: unknown, call: CallOptions): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers }
    const token = await options.token?.()
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    refuseUnsendable(headers)
    const init: RequestInit & { duplex?: 'half' } = { method, headers }
    if (call.signal) init.signal = call.signal
    const raw = isStreamMaker(body) ? body() : body
    if (isRawBody(raw)) {
      init.body = raw
      init.duplex = 'half'
      if (raw instanceof ReadableStream) Object.assign(init, readOnce)
    } else if (body !== undefined) {
      headers['content-type'] ??= 'application/json'
      init.body = JSON.stringify(body)
    }
    try {
      return await doFetch(`${baseUrl}${path}${queryString(call.query)}`, init)
    } catch (error) {
      if (error instanceof AppError || isGivenUp(call.signal)) throw error
      throw new Unavailable(`${baseUrl} does not answer (${causeText(error)})`, 1000, error)
    }
  }

  async function send(method: string, path: string, body: unknown, call: CallOptions = {}): Promise<Response> {
    let response = await trySend(method, path, body, call)
    if (response.status === 401 && renewToken && !(body instanceof ReadableStream)) {
      await response.body?.cancel()
      await renewToken()
      response = await trySend(method, path, body, call)
    }
    if (!response.ok) throw fromErrorResponse(response.status, await readBody(response))
    return response
  }

  async function call<T>(method: string, path: string, body?: unknown, callOptions?: CallOptions): Promise<T> {
    const response = await send(method, path, body, callOptions)
    if (response.headers.get('idempotency-replayed') === 'true') callOptions?.onReplayed?.()
    return (await readAnswer(response, callOptions?.signal)) as T
  }

  /** A good status is no proof of an answer: a proxy may have given one of its own, or the connection broke. What was asked may be done all the same. */
  async function readAnswer(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
    try {
      const text = await response.text()
      if (text === '') return undefined
      if (isJson(response)) return JSON.parse(text)
    } catch (error) {
      if (isGivenUp(signal)) throw error
      throw unreadable(`${baseUrl} broke off in the middle of its answer (${causeText(error)})`, error)
    }
    const type = response.headers.get('content-type') ?? 'something without a type'
    throw unreadable(`${baseUrl} answered ${type} where JSON is due: is there a proxy that answered instead?`)
  }

  return {
    send,
    call,
    get: <T>(path: string, o?: CallOptions) => call<T>('GET', path, undefined, o),
    post: <T>(path: string, body: unknown, o?: CallOptions) => call<T>('POST', path, body, o),
  }
}

/** `fetch` would call it a failure of the network. The value is left out: it may be a token. */
function refuseUnsendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers))
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value.trim()))
      throw new InputError('InvalidField', `${name} must be printable ASCII characters on one line`, { field: name })
}

/**
 * So that `fetch` keeps no second copy of a stream. Otherwise it tees each request's body, for redirects and sign-in windows that could want it
 * again, and a file of any size stays in memory (undici, `httpNetworkOrCacheFetch`: 1.6 GB sent made 1.7 GB resident; with these 0.12).
 */
const readOnce = { redirect: 'error', window: null } as const

/** By the caller's own will. Out of patience is another thing: the server did not answer. */
function isGivenUp(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && !isTimeout(signal.reason)
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}

/** A stream is read once; its maker can be asked again when the first try met an outdated token. */
export type StreamMaker = () => ReadableStream

function isStreamMaker(body: unknown): body is StreamMaker {
  return typeof body === 'function'
}

function isRawBody(body: unknown): body is ReadableStream | Uint8Array | FormData | URLSearchParams | string {
  return (
    body instanceof ReadableStream ||
    body instanceof Uint8Array ||
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    typeof body === 'string'
  )
}

function queryString(query: CallOptions['query']): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(key, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** Of a refusal: whatever it says. */
async function readBody(response: Response): Promise<unknown> {
  const text = await response.text().catch(() => '')
  if (text === '' || !isJson(response)) return text || undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isJson(response: Response): boolean {
  return /json/.test(response.headers.get('content-type') ?? '')
}

function unreadable(message: string, cause?: unknown): AppError {
  return new AppError('Unavailable', 'UnreadableAnswer', message, { retryAfterMs: 1000 }, cause)
}

function causeText(error: unknown): string {
  if (isTimeout(error)) return 'not in time'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: string }).code
  if (code === 'ECONNREFUSED') return 'connection refused: is the server running?'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host: check the URL'
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it does not speak https: try http'
  if (code !== undefined && /CERT|VERIFY/.test(code))
    return `${code}: its certificate is not trusted; NODE_EXTRA_CA_CERTS=file.pem names who signed it`
  return code ?? (cause instanceof Error ? cause.message : String(cause))
}
