import { describe, expect, it } from 'vitest'
import { decideOutcome, describeFailure, type FailedEvent, noCounts, type RunFacts } from './outcome.ts'

const quiet: RunFacts = {
  exit: { code: 0, signal: null },
  stop: null,
  initSucceeded: true,
  finished: null,
  failed: null,
  rubbish: null,
  counts: noCounts,
}
const counts = { ...noCounts, recordsIn: 100, recordsOut: 97 }
const raised: FailedEvent = {
  event: 'failed',
  phase: 'score',
  error: "KeyError: 'amount'",
  isRaised: true,
  record: 17,
  line: 18,
  traceback: ['Traceback (most recent call last):'],
}

describe('how a run ends', () => {
  const rows: [string, Partial<RunFacts>, { jobStatus: string; jobResult: string; outcome: string | null }][] = [
    [
      'a finished run is COMPLETE and SUCCESS',
      { finished: counts, counts },
      { jobStatus: 'COMPLETE', jobResult: 'SUCCESS', outcome: null },
    ],
    [
      'rejected records make it a FAILURE with their counts',
      { finished: { ...counts, inputRejectedByEncoding: 2, recordsFailedByModel: 1 } },
      {
        jobStatus: 'COMPLETE',
        jobResult: 'FAILURE',
        outcome: '3 records were rejected (2 input by encoding, 1 by the model); 100 read',
      },
    ],
    [
      'a crash after the work was done is still COMPLETE',
      { finished: counts, exit: { code: null, signal: 'SIGSEGV' } },
      { jobStatus: 'COMPLETE', jobResult: 'SUCCESS', outcome: null },
    ],
    [
      'an exception names its record and line',
      { failed: raised, exit: { code: 1, signal: null } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: "raised KeyError 'amount' at record 17 (line 18)" },
    ],
    [
      'a signal is named by its number',
      { exit: { code: null, signal: 'SIGKILL' } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'killed by signal 9' },
    ],
    [
      'a signal without a name we know is quoted',
      { exit: { code: null, signal: 'SIGODD' } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'killed by signal SIGODD' },
    ],
    [
      'a clean exit without the last word is a failure',
      { exit: { code: 0, signal: null } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'exited with code 0 before it had read all its input' },
    ],
    [
      'rubbish on the report channel is quoted',
      { rubbish: 'hello', exit: { code: 3, signal: null } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: "wrote rubbish on its report channel: 'hello'" },
    ],
    [
      'a time-out wins over how the process died',
      { stop: { why: 'timeout', seconds: 30 }, exit: { code: null, signal: 'SIGTERM' } },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: 'timed out after 30 s' },
    ],
    [
      'a cancelled run is CANCELLED whatever it did',
      { stop: { why: 'cancelled' }, failed: raised, exit: { code: null, signal: 'SIGTERM' } },
      { jobStatus: 'CANCELLED', jobResult: 'UNKNOWN', outcome: null },
    ],
    [
      'a process that never started says so',
      { exit: null },
      { jobStatus: 'ERROR', jobResult: 'UNKNOWN', outcome: "the model's process could not be started" },
    ],
  ]
  it.each(rows)('%s', (_title, facts, expected) => {
    expect(decideOutcome({ ...quiet, ...facts })).toMatchObject(expected)
  })

  it('only a COMPLETE run publishes', () => {
    expect(decideOutcome({ ...quiet, finished: counts }).publish).toBe(true)
    expect(decideOutcome({ ...quiet, failed: raised }).publish).toBe(false)
    expect(decideOutcome({ ...quiet, finished: counts, stop: { why: 'cancelled' } }).publish).toBe(false)
  })
})

describe('the closing lines of a log', () => {
  const lines = (facts: Partial<RunFacts>) => decideOutcome({ ...quiet, ...facts }).log.map(({ text }) => text)

  it('a rejection is counted and named as the reason of the result', () => {
    expect(lines({ finished: { ...counts, inputRejectedBySchema: 2 } })).toEqual([
      '2 input record(s) rejected by schema',
      'jobResult set to failure: "input record rejected by schema"',
      'state changes to FINISHED',
      'Records in/out: 100/97',
    ])
  })

  it('an exception is told as the model source error, with exit status and last record', () => {
    expect(lines({ failed: raised, exit: { code: 1, signal: null } })).toEqual([
      "Model source error: KeyError: 'amount'",
      'runner exits prematurely (exit status = 1)',
      'last input record :: 17 (line 18)',
      'model error after init',
      'state changes to ERROR',
    ])
    expect(decideOutcome({ ...quiet, failed: raised }).closing).toBe('batch job failed')
  })
})

describe('one sentence for a failure', () => {
  const failed = (change: Partial<FailedEvent>) => describeFailure({ ...raised, record: null, line: null, ...change })

  it('says where it happened', () => {
    expect(failed({ phase: 'init', error: 'RuntimeError: no weights' })).toBe('raised RuntimeError: no weights in init')
    expect(failed({ phase: 'load', error: 'SyntaxError: invalid syntax' })).toBe(
      'raised SyntaxError: invalid syntax while the source was loaded',
    )
    expect(failed({ phase: 'load', error: 'm.py has no score function', isRaised: false })).toBe(
      'm.py has no score function',
    )
    expect(failed({ error: 'the model waits for a promise', isRaised: false, record: 2, line: 3 })).toBe(
      'the model waits for a promise (record 2, line 3)',
    )
    expect(failed({ phase: 'metrics', error: "KeyError: 'x'" })).toBe("raised KeyError 'x' in metrics")
    expect(failed({ phase: 'score', error: 'ValueError: bad', record: 2 })).toBe('raised ValueError: bad at record 2')
    expect(failed({ phase: 'input', error: 'line 3: a quote is not closed' })).toBe(
      'could not read its input: line 3: a quote is not closed',
    )
    expect(failed({ phase: 'output', error: 'No space left on device' })).toBe(
      'could not write its output: the disk it goes to is full; make room there and run the job again',
    )
  })
})
