import { Unavailable } from '@rowhouse/contract'

const away = 'The database does not answer just now. Nothing was changed; try again in a moment'
const busy = 'The database is too busy just now and gave this up. Nothing was changed; try again in a moment'
const full = 'The disk of the database is full. Nothing was changed; make room there, then try again'
const changed = 'Another server has just upgraded the database. Nothing was changed; try again in a moment'
const readOnly = 'The database takes no changes just now (it is read-only). Nothing was changed; try again in a moment'

/** PostgreSQL's codes for what passes: of a time limit, a lock, an administrator, a lack of something. */
const byCode: Readonly<Record<string, string>> = {
  '25006': readOnly,
  '40001': busy,
  '40P01': busy,
  '53000': busy,
  '53100': full,
  '53200': busy,
  '53300': away,
  '55P03': busy,
  '57014': busy,
  '57P01': away,
  '57P02': away,
  '57P03': away,
}
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
])
const networkCalls = new Set(['connect', 'read', 'write', 'getaddrinfo'])

/** By what `pg` throws (this package knows no store): connections that failed or were cut off, and work that the server gave up. */
export function findStoreTrouble(thrown: unknown): Unavailable | undefined {
  const message = thrown instanceof Error ? troubleOf(thrown) : undefined
  return message === undefined ? undefined : new Unavailable(message, message === full ? 60_000 : 2_000, thrown)
}

function troubleOf(thrown: Error & { code?: unknown; syscall?: unknown; routine?: unknown }): string | undefined {
  // of a host with several addresses all were tried, and the first tells of what kind it is
  if (thrown instanceof AggregateError && thrown.errors[0] instanceof Error) return troubleOf(thrown.errors[0])
  const { code, syscall } = thrown
  if (typeof code === 'string') {
    if (code.startsWith('E')) return networkCodes.has(code) && networkCalls.has(String(syscall)) ? away : undefined
    // a prepared statement's plan; its connection is not used again
    if (code === '0A000' && thrown.routine === 'RevalidateCachedQuery') return changed
    const known = byCode[code] ?? (/^08\d/.test(code) ? away : undefined)
    if (known !== undefined) return known
  }
  const isCut =
    /^Connection terminated|timeout exceeded when trying to connect|^Client has encountered a connection error/
  return isCut.test(thrown.message) ? away : undefined
}
