/**
 * score: each record of each input through the model's function, in input order, one at a time. A generator's values are outputs;
 * otherwise the returned value is one output, null and undefined are none, an array is one record. Promises are waited for.
 */
import type { HarnessPlan } from '../harness-protocol.ts'
import type { SchemaCheck } from './check-schema.ts'
import { describe, failureOf, JobFailed, type Place } from './failure.ts'
import type { Model, ModelFunction } from './load-model.ts'
import { type InputStream, placeOf } from './open-input.ts'
import type { Report } from './report.ts'
import type { Sinks } from './sinks.ts'

export interface Scoring {
  plan: HarnessPlan
  model: Model
  streams: readonly InputStream[]
  sinks: Sinks
  report: Report
  /** By slot. */
  checks: ReadonlyMap<number, SchemaCheck | null>
}

export async function runScore(scoring: Scoring): Promise<void> {
  const { model, streams, sinks } = scoring
  const score = model.get('score')
  const [only] = streams
  if (streams.length === 1 && only) {
    if (model.annotations.isRecordset(only.slot)) await scoreBatches(scoring, score, only)
    else await scoreOne(scoring, score, only)
  } else await scoreInTurns(scoring, score)
  const end = model.find('end')
  if (end !== null && end.length === 0) await guarded(scoring, null, () => emitAll(end(), sinks))
}

async function scoreOne(scoring: Scoring, score: ModelFunction, stream: InputStream): Promise<void> {
  const { sinks } = scoring
  sinks.follow(() => placeOf(stream))
  const call = makeCall(score, stream)
  for (const record of stream) {
    if (!isDue(scoring, stream, record)) continue
    try {
      const result = call(record)
      if (isMany(result)) await emitAll(result, sinks)
      else if (result !== null && result !== undefined) sinks.emit(result)
    } catch (error) {
      onThrown(scoring, stream, error)
    }
  }
}

/** Order between inputs is not defined; taking turns lets a model combine them without holding a whole file. */
async function scoreInTurns(scoring: Scoring, score: ModelFunction): Promise<void> {
  const running = scoring.streams.map((stream) => ({
    stream,
    records: stream[Symbol.iterator](),
    call: makeCall(score, stream),
  }))
  while (running.length > 0) {
    for (const turn of [...running]) {
      const { stream, records, call } = turn
      scoring.sinks.follow(() => placeOf(stream))
      const next = records.next()
      if (next.done) running.splice(running.indexOf(turn), 1)
      else if (isDue(scoring, stream, next.value))
        await guarded(scoring, stream, () => emitAll(call(next.value), scoring.sinks))
    }
  }
}

/** Recordsets: the function gets a list of records, and the rows of a list it gives back are the outputs. */
async function scoreBatches(scoring: Scoring, score: ModelFunction, stream: InputStream): Promise<void> {
  const { model, sinks, plan } = scoring
  const size = plan.recordsetRows ?? Infinity
  const emit = (value: unknown) => sinks.emitRows(value, (slot) => model.annotations.isRecordset(slot))
  sinks.follow(() => placeOf(stream))
  const call = makeCall(score, stream)
  let batch: unknown[] = []
  const scoreBatch = () => guarded(scoring, stream, () => emitAll(call(batch), { emit }))
  for (const record of stream) {
    if (!isDue(scoring, stream, record)) continue
    for (const row of rowsOf(record)) {
      if (batch.push(row) < size) continue
      await scoreBatch()
      batch = []
    }
  }
  if (batch.length > 0) await scoreBatch()
}

/** An array of objects is one row for each. */
const rowsOf = (record: unknown): unknown[] =>
  Array.isArray(record) && record.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
    ? record
    : [record]

/** Tells progress when it is time; false: the record does not fit the schema and was rejected. */
function isDue(scoring: Scoring, stream: InputStream, record: unknown): boolean {
  scoring.report.tick()
  const problem = scoring.checks.get(stream.slot)?.(record) ?? null
  if (problem === null) return true
  scoring.report.reject({
    direction: 'input',
    by: 'schema',
    place: placeOf(stream),
    reason: problem,
    raw: shown(record),
  })
  return false
}

/** (datum), (datum, slot) or (datum, slot, number), by the parameters without default that the function declares. */
function makeCall(score: ModelFunction, stream: InputStream): (record: unknown) => unknown {
  if (score.length <= 1) return (record) => score(record)
  if (score.length === 2) return (record) => score(record, stream.slot)
  return (record) => score(record, stream.slot, stream.number)
}

type Many = PromiseLike<unknown> | Iterator<unknown> | AsyncIterator<unknown>

/** A promise or a generator; lists and texts are values. */
function isMany(value: unknown): value is Many {
  return typeof value === 'object' && value !== null && (isPromise(value) || isGenerator(value))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function isGenerator(value: object): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof (value as { next?: unknown }).next !== 'function') return false
  return Symbol.iterator in value || Symbol.asyncIterator in value
}

/** Every output of one call. */
export async function emitAll(result: unknown, output: { emit(value: unknown): void }): Promise<void> {
  const value = isPromise(result) ? await result : result
  if (value === null || value === undefined) return
  if (typeof value !== 'object' || !isGenerator(value)) output.emit(value)
  else if (Symbol.asyncIterator in value) for await (const one of value) output.emit(one)
  else for (const one of value) output.emit(isPromise(one) ? await one : one)
}

async function guarded(scoring: Scoring, stream: InputStream | null, action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    onThrown(scoring, stream, error)
  }
}

/** An error named UserWarning loses the record and the job goes on; any other ends it. */
function onThrown(scoring: Scoring, stream: InputStream | null, error: unknown): void {
  rejectWarning(scoring.report, 'score', stream ? placeOf(stream) : { record: null, line: null }, error)
}

/** Throws what is no UserWarning. */
export function rejectWarning(report: Report, role: 'score' | 'metrics' | 'train', place: Place, error: unknown): void {
  if (error instanceof JobFailed) throw error
  if (!(error instanceof Error) || error.name !== 'UserWarning') throw failureOf(role, error, place)
  report.reject({ direction: 'input', by: 'model', place, reason: error.message || describe(error), raw: null })
}

function shown(record: unknown): string | null {
  try {
    return JSON.stringify(record) ?? null
  } catch {
    return null
  }
}
