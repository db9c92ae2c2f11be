/** Why an attempt ends before its model does. Travels as the reason of an abort signal. */
export type StopReason =
  | { why: 'cancelled' }
  | { why: 'timeout'; seconds: number }
  /** The attempt is no longer this runtime's: what was done is thrown away, nothing is told. */
  | { why: 'lost' }
  /** The runtime stops: the job is handed back. */
  | { why: 'released'; reason: string }

export class Stopped extends Error {
  readonly stop: StopReason
  constructor(stop: StopReason) {
    super(`stopped: ${stop.why}`)
    this.stop = stop
  }
}

/** The runtime's own fault, not the model's: the job is handed back, and it counts as a try. */
export class RuntimeFault extends Error {}

export function stopReason(signal: AbortSignal): StopReason | null {
  if (!signal.aborted) return null
  return signal.reason instanceof Stopped ? signal.reason.stop : { why: 'released', reason: String(signal.reason) }
}
