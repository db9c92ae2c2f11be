/** From what was seen of a model's process to the job's end: status, result, one sentence, and the closing lines of its log. Pure. */
import { constants } from 'node:os'
import type { Level } from './console.ts'
import type { HarnessCounts, HarnessEvent, HarnessExit } from './harness-protocol.ts'

export type FailedEvent = Extract<HarnessEvent, { event: 'failed' }>

/** Why the agent itself ended the process. */
type Stop = { why: 'cancelled' } | { why: 'timeout'; seconds: number }

export interface RunFacts {
  /** null: the process never started. */
  exit: HarnessExit | null
  stop: Stop | null
  initSucceeded: boolean
  /** Of the `finished` event, null when the harness never told it. */
  finished: HarnessCounts | null
  failed: FailedEvent | null
  /** First line on the event channel that was no event. */
  rubbish: string | null
  /** Last counts told. */
  counts: HarnessCounts
}

export interface Verdict {
  jobStatus: 'COMPLETE' | 'ERROR' | 'CANCELLED'
  jobResult: 'UNKNOWN' | 'SUCCESS' | 'FAILURE'
  /** One sentence; null for plain success, and where the server knows more (who cancelled, and why). */
  outcome: string | null
  /** The output may be published. */
  publish: boolean
  log: { text: string; level: Level }[]
  /** The last line of all, without level. */
  closing: string
}

export const noCounts: HarnessCounts = {
  recordsIn: 0,
  recordsOut: 0,
  inputRejectedByEncoding: 0,
  inputRejectedBySchema: 0,
  outputRejectedByEncoding: 0,
  outputRejectedBySchema: 0,
  recordsFailedByModel: 0,
  bytesRead: 0,
}

export function decideOutcome(facts: RunFacts): Verdict {
  if (facts.stop?.why === 'cancelled') {
    return {
      jobStatus: 'CANCELLED',
      jobResult: 'UNKNOWN',
      outcome: null,
      publish: false,
      log: [],
      closing: 'batch job cancelled',
    }
  }
  if (facts.stop?.why === 'timeout') return failure(facts, `timed out after ${facts.stop.seconds} s`)
  if (facts.failed !== null) return failure(facts, describeFailure(facts.failed))
  if (facts.exit === null) return failure(facts, "the model's process could not be started")
  if (facts.finished !== null) return success(facts.finished, facts.exit)
  if (facts.rubbish !== null) return failure(facts, `wrote rubbish on its report channel: ${quote(facts.rubbish)}`)
  if (facts.exit.signal !== null) return failure(facts, `killed by signal ${signalNumber(facts.exit.signal)}`)
  return failure(facts, `exited with code ${facts.exit.code ?? 'unknown'} before it had read all its input`)
}

export function recordsRejected(counts: HarnessCounts): number {
  return (
    counts.inputRejectedByEncoding +
    counts.inputRejectedBySchema +
    counts.outputRejectedByEncoding +
    counts.outputRejectedBySchema +
    counts.recordsFailedByModel
  )
}

function success(counts: HarnessCounts, exit: { code: number | null; signal: string | null }): Verdict {
  const log: Verdict['log'] = []
  if (exit.signal !== null || exit.code !== 0) {
    const how = exit.signal === null ? `code ${exit.code}` : `signal ${signalNumber(exit.signal)}`
    log.push({ text: `the model's process ended with ${how} after all its work was done`, level: 'warning' })
  }
  const rejected = rejections(counts)
  for (const { count, line, reason } of rejected) {
    log.push({ text: `${count} ${line}`, level: 'warning' })
    log.push({ text: `jobResult set to failure: "${reason}"`, level: 'warning' })
  }
  log.push({ text: 'state changes to FINISHED', level: 'info' })
  log.push({ text: `Records in/out: ${counts.recordsIn}/${counts.recordsOut}`, level: 'info' })
  const total = recordsRejected(counts)
  return {
    jobStatus: 'COMPLETE',
    jobResult: total > 0 ? 'FAILURE' : 'SUCCESS',
    outcome: total > 0 ? describeRejections(total, counts.recordsIn, rejected) : null,
    publish: true,
    log,
    closing: 'batch job complete',
  }
}

interface Rejection {
  count: number
  short: string
  line: string
  reason: string
}

function rejections(counts: HarnessCounts): Rejection[] {
  const by = (count: number, direction: 'input' | 'output', how: 'encoding' | 'schema'): Rejection => ({
    count,
    short: `${direction} by ${how}`,
    line: `${direction} record(s) rejected by ${how}`,
    reason: `${direction} record rejected by ${how}`,
  })
  return [
    by(counts.inputRejectedByEncoding, 'input', 'encoding'),
    by(counts.inputRejectedBySchema, 'input', 'schema'),
    by(counts.outputRejectedByEncoding, 'output', 'encoding'),
    by(counts.outputRejectedBySchema, 'output', 'schema'),
    {
      count: counts.recordsFailedByModel,
      short: 'by the model',
      line: 'record(s) rejected by the model',
      reason: 'An output error occurred during model execution, please check the engine logs for details',
    },
  ].filter((rejection) => rejection.count > 0)
}

function describeRejections(total: number, recordsIn: number, parts: Rejection[]): string {
  const list = parts.map((part) => `${part.count} ${part.short}`).join(', ')
  const were = total === 1 ? 'record was' : 'records were'
  return `${total} ${were} rejected (${list}); ${recordsIn} read`
}

function failure(facts: RunFacts, outcome: string): Verdict {
  const log: Verdict['log'] = []
  if (facts.failed !== null && (facts.failed.isRaised || facts.failed.phase === 'load'))
    log.push({ text: `Model source error: ${facts.failed.error}`, level: 'error' })
  const exit = facts.exit
  if (facts.stop !== null) log.push({ text: `the model was stopped: ${outcome}`, level: 'error' })
  else if (exit?.signal != null)
    log.push({ text: `runner killed by signal ${signalNumber(exit.signal)}`, level: 'error' })
  else if (exit !== null) log.push({ text: `runner exits prematurely (exit status = ${exit.code})`, level: 'error' })
  if (facts.failed?.record != null) {
    const line = facts.failed.line === null ? '' : ` (line ${facts.failed.line})`
    log.push({ text: `last input record :: ${facts.failed.record}${line}`, level: 'error' })
  }
  if (facts.exit !== null)
    log.push({ text: facts.initSucceeded ? 'model error after init' : 'model error before or in init', level: 'error' })
  log.push({ text: 'state changes to ERROR', level: 'info' })
  return { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome, publish: false, log, closing: 'batch job failed' }
}

/** `raised KeyError 'amount' at record 17 (line 18)` */
export function describeFailure(failed: FailedEvent): string {
  if (failed.phase === 'input') return `could not read its input: ${failed.error}`
  if (failed.phase === 'output') return `could not write its output: ${outputProblem(failed.error)}`
  const { record, line } = failed
  if (!failed.isRaised && record === null) return failed.error
  if (!failed.isRaised) return `${failed.error} (record ${record}${line === null ? '' : `, line ${line}`})`
  const raised = `raised ${failed.error.replace(/^([\w.]+): (?=['"])/, '$1 ')}`
  if (failed.phase === 'load') return `${raised} while the source was loaded`
  if (failed.phase === 'init') return `${raised} in init`
  if (record === null) return `${raised} in ${failed.phase}`
  return `${raised} at record ${record}${line === null ? '' : ` (line ${line})`}`
}

/** Both harnesses, in one's own words and in the system's. */
function outputProblem(error: string): string {
  const reason = error.replace(/^the output cannot be written: /, '')
  if (!/^(No space left on device|the disk is full)$/.test(reason)) return reason
  return 'the disk it goes to is full; make room there and run the job again'
}

function signalNumber(signal: string): string {
  const known = constants.signals as Record<string, number | undefined>
  return known[signal] === undefined ? signal : String(known[signal])
}

function quote(text: string): string {
  return text.length > 120 ? `'${text.slice(0, 120)}…'` : `'${text}'`
}
