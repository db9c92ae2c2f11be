const SLOTS = 256
const BYTES_MAX = 24
/** A column with so many texts that were not met before does without its cache. */
const MISSES_MAX = 4096

/**
 * The ASCII texts that a column held last, by the hash of their bytes: what repeats becomes the same string object, which is faster to
 * make and faster to look up in a model's tables.
 */
export class TextCache {
  /** What each slot holds, to be compared byte by byte: reading bytes is quicker than reading characters. */
  readonly #keys = new Uint8Array(SLOTS * BYTES_MAX)
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '')
  #misses = 0

  /** Whether texts of this length are worth looking for. */
  holds(length: number): boolean {
    return length <= BYTES_MAX && this.#misses < MISSES_MAX
  }

  find(bytes: Uint8Array, from: number, length: number, hash: number): string | null {
    const slot = hash & (SLOTS - 1)
    const text = this.#texts[slot] as string
    if (text.length !== length) return null
    const keys = this.#keys
    const key = slot * BYTES_MAX
    for (let index = 0; index < length; index++) if (keys[key + index] !== bytes[from + index]) return null
    return text
  }

  keep(bytes: Uint8Array, from: number, text: string, hash: number): void {
    this.#misses += 1
    const slot = hash & (SLOTS - 1)
    const key = slot * BYTES_MAX
    for (let index = 0; index < text.length; index++) this.#keys[key + index] = bytes[from + index] as number
    this.#texts[slot] = text
  }
}
