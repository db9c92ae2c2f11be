/**
 * A document as PostgreSQL takes it: jsonb knows neither NUL nor lone surrogates. What people send holds none (`refuseUnstorable`); what
 * runtimes and models say is not thrown away for one.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return text
  return JSON.stringify(value, (_key, each) =>
    typeof each === 'string' ? each.replaceAll('\u0000', '\ufffd').toWellFormed() : each,
  )
}
