/**
 * Java's longs in JSON. A number in a JSON text has any number of digits; a double of ours holds integers up to 2^53 exactly. What is
 * larger is kept as it was written, by the engine's own raw JSON.
 */
interface RawJson {
  readonly rawJSON: string
}
type Revive = (name: string, value: unknown, context: { source?: string }) => unknown
/** ES2026, in Node since 21; TypeScript does not know it yet. */
interface JsonWithSource {
  parse(text: string, revive: Revive): unknown
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}
const json = JSON as unknown as JsonWithSource

export function hasLong(text: string): boolean {
  return /\d{16}/.test(text)
}

/** As `JSON.parse`, but a member `value` that is an integer beyond 2^53 stays raw. */
export function parseLongs(text: string): unknown {
  return json.parse(text, (name, value, { source }) =>
    name === 'value' && source !== undefined && /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value)
      ? json.rawJSON(source)
      : value,
  )
}

/** The digits of a raw integer; undefined for all other values. */
export function longDigits(value: unknown): string | undefined {
  return json.isRawJSON(value) ? value.rawJSON : undefined
}

/** An integer of any size, to be written into JSON as a number. */
export function toRawLong(digits: string): unknown {
  return json.rawJSON(digits)
}
