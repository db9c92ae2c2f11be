import pg from 'pg'

type OnPayload = (payload: string) => void

export interface Listener {
  listen(channel: string, onPayload: OnPayload): Promise<() => Promise<void>>
  close(): Promise<void>
}

const reconnectMinMs = 100
const reconnectMaxMs = 5_000

/** One dedicated connection for all channels of a database, opened with the first of them. */
export function makeListener(connection: pg.ClientConfig, log: (line: string) => void): Listener {
  const channels = new Map<string, Set<OnPayload>>()
  let client: pg.Client | undefined
  let connecting: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let pauseMs = reconnectMinMs
  let closed = false

  async function connect(): Promise<void> {
    const next = new pg.Client(connection)
    let broken = false
    const lose = (why: string) => {
      if (broken) return
      broken = true
      if (client === next) client = undefined
      next.end().catch(() => undefined)
      if (closed) return
      log(`listening to the database broke off (${why}); trying again`)
      retry = setTimeout(() => void reconnect(), pauseMs)
      pauseMs = Math.min(pauseMs * 2, reconnectMaxMs)
    }
    next.on('error', (error) => lose(error.message))
    next.on('end', () => lose('connection closed'))
    next.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''))
    try {
      await next.connect()
      for (const channel of channels.keys()) await next.query(`listen ${next.escapeIdentifier(channel)}`)
    } catch (error) {
      lose((error as Error).message)
      return
    }
    if (broken) return
    if (closed) {
      await next.end()
      return
    }
    client = next
    pauseMs = reconnectMinMs
  }

  async function reconnect(): Promise<void> {
    connecting = connect()
    await connecting
    connecting = undefined
    if (client) for (const channel of channels.keys()) tell(channel, '')
  }

  function tell(channel: string, payload: string): void {
    for (const onPayload of channels.get(channel) ?? []) onPayload(payload)
  }

  async function ensureListening(channel: string): Promise<void> {
    await connecting
    if (client)
      await client.query(`listen ${client.escapeIdentifier(channel)}`).catch((error: Error) => log(error.message))
    else if (!retry) {
      connecting = connect()
      await connecting
      connecting = undefined
    }
  }

  return {
    async listen(channel, onPayload) {
      const listeners = channels.get(channel) ?? new Set()
      const isNew = listeners.size === 0
      listeners.add(onPayload)
      channels.set(channel, listeners)
      if (isNew) await ensureListening(channel)
      else await connecting
      return async () => {
        listeners.delete(onPayload)
        if (listeners.size > 0 || channels.get(channel) !== listeners) return
        channels.delete(channel)
        await client?.query(`unlisten ${client.escapeIdentifier(channel)}`).catch(() => undefined)
      }
    },
    async close() {
      closed = true
      clearTimeout(retry)
      await connecting
      await client?.end().catch(() => undefined)
    },
  }
}
