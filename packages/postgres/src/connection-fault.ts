/** Why a connection could not be had, in one line: of a host with several addresses what each gave, for together they give no message. */
export function connectionFault(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(connectionFault).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** What to do about it, for the person who wrote the address. */
export function connectionAdvice(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  const fault = connectionFault(error)
  if (code === 'ERR_INVALID_URL')
    return 'write --database-url as postgres://user:password@host/database, with # @ / ? % of a password as %23 %40 %2F %3F %25'
  if (/no encryption/.test(fault)) return `it asks for TLS: give --database-url ?sslmode=verify-full${ownAuthority}`
  if (typeof code === 'string' && untrusted.has(code))
    return 'its certificate is not trusted: give --database-url &sslrootcert=FILE, the certificate of the authority that signed it'
  if (/does not support SSL/.test(fault)) return 'it speaks no TLS: leave sslmode out of --database-url'
  return 'check --database-url'
}

const ownAuthority = ' and, where its certificate is signed by an authority of your own, &sslrootcert=FILE'
const untrusted = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])
