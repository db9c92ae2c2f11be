import pg from 'pg'
import { connectionFault } from './connection-fault.ts'

type OnPayload = (payload: string) => void

const reconnectMinMs = 100
const reconnectMaxMs = 5_000

/** One dedicated connection for all channels of a database, opened with the first of them. */
export class Listener {
  readonly #connection: pg.ClientConfig
  readonly #log: (line: string) => void
  readonly #channels = new Map<string, Set<OnPayload>>()
  #client: pg.Client | undefined
  #connecting: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #pauseMs = reconnectMinMs
  #closed = false

  constructor(connection: pg.ClientConfig, log: (line: string) => void) {
    this.#connection = connection
    this.#log = log
  }

  async listen(channel: string, onPayload: OnPayload): Promise<() => Promise<void>> {
    const listeners = this.#channels.get(channel) ?? new Set()
    const isNew = listeners.size === 0
    listeners.add(onPayload)
    this.#channels.set(channel, listeners)
    await this.#connecting
    if (isNew) await this.#addChannel(channel)
    return () => this.#unlisten(channel, onPayload)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#connecting
    await this.#client?.end().catch(() => undefined)
  }

  async #unlisten(channel: string, onPayload: OnPayload): Promise<void> {
    const listeners = this.#channels.get(channel)
    listeners?.delete(onPayload)
    if (!listeners || listeners.size > 0) return
    this.#channels.delete(channel)
    await this.#client?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => undefined)
  }

  async #addChannel(channel: string): Promise<void> {
    if (this.#client)
      await this.#client
        .query(`listen ${pg.escapeIdentifier(channel)}`)
        .catch((error: Error) => this.#log(error.message))
    else if (!this.#retry) await (this.#connecting ?? this.#connect())
  }

  #connect(): Promise<void> {
    this.#connecting = this.#openConnection().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #openConnection(): Promise<void> {
    const client = new pg.Client(this.#connection)
    let broken = false
    const lose = (why: string) => {
      if (broken) return
      broken = true
      if (this.#client === client) this.#client = undefined
      client.end().catch(() => undefined)
      this.#tryAgainLater(why)
    }
    client.on('error', (error) => lose(connectionFault(error)))
    client.on('end', () => lose('connection closed'))
    client.on('notification', ({ channel, payload }) => this.#tell(channel, payload ?? ''))
    try {
      await client.connect()
      for (const channel of this.#channels.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch (error) {
      lose(connectionFault(error))
      return
    }
    if (broken) return
    this.#client = client
    this.#pauseMs = reconnectMinMs
  }

  #tryAgainLater(why: string): void {
    if (this.#closed) return
    this.#log(`listening to the database broke off (${why}); trying again`)
    this.#retry = setTimeout(() => void this.#reconnect(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, reconnectMaxMs)
  }

  async #reconnect(): Promise<void> {
    this.#retry = undefined
    await this.#connect()
    // what was sent meanwhile is lost: whoever listens is to look again
    if (this.#client) for (const channel of this.#channels.keys()) this.#tell(channel, '')
  }

  #tell(channel: string, payload: string): void {
    for (const onPayload of this.#channels.get(channel) ?? []) onPayload(payload)
  }
}
