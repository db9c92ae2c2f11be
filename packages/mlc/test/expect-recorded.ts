/** Compares an answer with a recorded one; `<id:7>` is one and the same id wherever it stands, `<date>`, `<n>` and `<base>` any of their kind. */

export type Bindings = Map<string, string>

const id = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const date = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[+-]\\d\\d:?\\d\\d|Z)'
const placeholder = /<id:\d+>|<id>|<date>|<n>|<base>/

/** What differs, as sentences; members the recording does not have are free. */
export function differences(want: unknown, got: unknown, bindings: Bindings, path = ''): string[] {
  if (want === '<unknown>' || (want === '<n>' && got !== null)) return []
  if (typeof want === 'string' && typeof got === 'string')
    return textMatches(want, got, bindings) ? [] : [say(path, want, got)]
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return [say(path, want, got)]
    return want.flatMap((one, index) => differences(one, got[index], bindings, `${path}[${index}]`))
  }
  if (typeof want === 'object' && want !== null) {
    if (typeof got !== 'object' || got === null) return [say(path, want, got)]
    return Object.entries(want).flatMap(([name, one]) => {
      const found = Object.keys(got).find((candidate) => textMatches(name, candidate, bindings))
      return found === undefined
        ? [`${path}.${name} is missing`]
        : differences(one, (got as Record<string, unknown>)[found], bindings, `${path}.${name}`)
    })
  }
  return Object.is(want, got) ? [] : [say(path, want, got)]
}

function textMatches(want: string, got: string, bindings: Bindings): boolean {
  if (want === got) return true
  const cut = got.replace(/CorrelationSet \[[\s\S]*/, 'CorrelationSet [...]')
  if (!placeholder.test(want)) return want === cut
  const names: string[] = []
  const pattern = want.split(/(<id:\d+>|<id>|<date>|<n>|<base>)/).map((part) => {
    if (!placeholder.test(part)) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    if (part.startsWith('<id:')) names.push(part)
    return (
      {
        '<id>': `(?:${id}|<id>)`,
        '<date>': `(?:${date}|<date>)`,
        '<n>': '\\d+(?: \\| column \\d+)?',
        '<base>': 'https?://[^/]+/[\\w/-]*?',
      }[part] ?? `(${id})`
    )
  })
  const match = new RegExp(`^${pattern.join('')}$`).exec(cut)
  if (match === null) return false
  return names.every((name, index) => bind(bindings, name, match[index + 1] ?? ''))
}

function bind(bindings: Bindings, name: string, value: string): boolean {
  const bound = bindings.get(name)
  if (bound === undefined) bindings.set(name, value)
  return bound === undefined || bound === value
}

function say(path: string, want: unknown, got: unknown): string {
  return `${path}: recorded ${JSON.stringify(want)}, got ${JSON.stringify(got)}`
}
