/** JSON as stored. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Camunda's variable types; `Object` holds a JSON value whose Java class name is only remembered in valueInfo. */
export type ValueType =
  | 'Null'
  | 'Boolean'
  | 'Short'
  | 'Integer'
  | 'Long'
  | 'Double'
  | 'String'
  | 'Date'
  | 'Bytes'
  | 'File'
  | 'Object'
  | 'Json'
  | 'Xml'

/**
 * A value with its type. `value`: Date as ISO-8601 UTC text with milliseconds, Bytes and File as base64, Object, Json as the
 * parsed JSON, NaN and the infinities as text ("NaN", "Infinity", "-Infinity") since JSON has none, a Long that a double does not hold
 * exactly as its digits.
 */
export interface TypedValue {
  type: ValueType
  value: Json
  valueInfo?: { [key: string]: Json }
  /** Usable until the next wait state, never stored. */
  transient?: boolean
}

/** The end of the calendar: a later moment has no ISO-8601 text that PostgreSQL reads. Who says "for ever" by a long time means it. */
export const lastMoment = new Date('9999-12-31T23:59:59.999Z')
