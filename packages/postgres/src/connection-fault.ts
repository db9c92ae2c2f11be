/** Why a connection could not be had, in one line: of a host with several addresses what each gave, for together they give no message. */
export function connectionFault(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(connectionFault).join('; ')
  return error instanceof Error ? error.message : String(error)
}
