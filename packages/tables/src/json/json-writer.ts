import type { Sink } from '../csv/csv-writer.ts'
import { toJsonLine } from './plain.ts'

const BLOCK_CHARACTERS = 1 << 16

/** One JSON value a line, UTF-8, LF. A value that is refused leaves nothing behind. */
export class JsonLinesWriter {
  readonly #sink: Sink
  #pending = ''

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Throws TableError CannotEncode when the value has no form in JSON. */
  write(value: unknown): void {
    this.#pending += `${toJsonLine(value)}\n`
    if (this.#pending.length >= BLOCK_CHARACTERS) this.flush()
  }

  flush(): void {
    if (this.#pending !== '') this.#sink(Buffer.from(this.#pending, 'utf8'))
    this.#pending = ''
  }
}
