/**
 * One run of a model's process. Life: launched → events and console lines → ended by itself, or stopped: SIGTERM to its group, SIGKILL
 * after the grace. Whatever it left running in its group is killed when it has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobConsole } from './console.ts'
import type {
  HarnessCounts,
  HarnessEvent,
  HarnessExit,
  HarnessListener,
  HarnessProcess,
  Launch,
} from './harness-protocol.ts'
import { noCounts, type RunFacts } from './outcome.ts'
import { stopReason } from './run-job-stop.ts'

export interface ModelRun {
  launch: Launch
  interpreter: string
  planPath: string
  playground: string
  env: Record<string, string>
  signal: AbortSignal
  console: JobConsole
  /** Changed in place while the model runs; the reporter reads it. */
  facts: RunFacts
  onPid?: (pid: number) => void
  /** All is read and written; the process is about to end. */
  onFinished?: () => void
}

const graceMs = 5_000
/** Messages about single rejected records; the rest is in the counts. */
const rejectMessagesMax = 100

export function newFacts(): RunFacts {
  return { exit: null, stop: null, initSucceeded: false, finished: null, failed: null, rubbish: null, counts: noCounts }
}

export async function runModel(run: ModelRun): Promise<RunFacts> {
  run.signal.throwIfAborted()
  const { planPath, playground, env, interpreter } = run
  const process = await run.launch({ planPath, playground, env, interpreter, listener: listenTo(run) })
  run.onPid?.(process.pid)
  run.facts.exit = await endOf(process, run.signal)
  killQuietly(process, 'SIGKILL')
  run.console.closeFlood()
  const stop = stopReason(run.signal)
  if (stop?.why === 'cancelled' || stop?.why === 'timeout') run.facts.stop = stop
  return run.facts
}

function listenTo({ facts, console, onFinished }: ModelRun): HarnessListener {
  let rejectMessages = 0
  return {
    onConsole: (_stream, line) => console.model(line),
    onEvent(told) {
      // A model can find the channel and write to it: nothing in an event is taken for granted.
      const event = soundEvent(told)
      switch (event.event) {
        case 'started':
          console.say('state changes to RUNNING')
          break
        case 'init-succeeded':
          facts.initSucceeded = true
          console.say('init succeeded')
          break
        case 'progress':
          facts.counts = countsOf(event)
          break
        case 'finished':
          facts.counts = countsOf(event)
          facts.finished = facts.counts
          console.say('state changes to FINISHING')
          onFinished?.()
          break
        case 'failed':
          facts.failed ??= event
          for (const line of event.traceback) console.traceback(line)
          break
        case 'rubbish':
          facts.rubbish ??= event.text
          break
        case 'rejected':
          if (rejectMessages++ < rejectMessagesMax) sayRejected(console, event)
          break
      }
    },
  }
}

function sayRejected(console: JobConsole, event: Extract<HarnessEvent, { event: 'rejected' }>): void {
  const where = `${event.direction} record ${event.record}${event.line === null ? '' : `, line ${event.line}`}`
  // metrics and train get all records at once: none of them is to blame.
  const place = event.record === 0 ? '' : ` (${where})`
  if (event.by === 'model') {
    console.say(`MODEL-CONSOLE: An error occured when processing the model: ${event.reason}${place}`, 'warning')
    console.say(`MODEL-CONSOLE: UserWarning: ${event.reason}`, 'warning')
  } else if (event.by === 'schema') {
    console.say(`Record rejected by schema: ${event.reason}${place}`, 'warning')
  } else {
    console.say(`Record rejected by encoding with reason {${event.reason}}${place}`, 'warning')
  }
}

function countsOf(event: HarnessCounts): HarnessCounts {
  const counts = { ...noCounts }
  for (const name of Object.keys(noCounts) as (keyof HarnessCounts)[]) {
    if (Number.isSafeInteger(event[name]) && event[name] >= 0) counts[name] = event[name]
  }
  return counts
}

function soundEvent(event: HarnessEvent): HarnessEvent {
  const number = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : null)
  if (event.event === 'failed') {
    const traceback = Array.isArray(event.traceback) ? event.traceback.map(String) : []
    const { error, isRaised, record, line } = event
    return {
      ...event,
      error: oneLine(error),
      isRaised: isRaised !== false,
      record: number(record),
      line: number(line),
      traceback,
    }
  }
  if (event.event !== 'rejected') return event
  return { ...event, record: number(event.record) ?? 0, line: number(event.line), reason: oneLine(event.reason) }
}

/** The harnesses keep to it; a model that writes events of its own need not. */
const sentenceCharactersMax = 4_000

/** What a model raised with several lines of text is told in one; the traceback has it as it is. */
function oneLine(text: unknown): string {
  return String(text)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ')
    .slice(0, sentenceCharactersMax)
}

async function endOf(process: HarnessProcess, signal: AbortSignal): Promise<HarnessExit> {
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal.aborted) resolve('aborted')
    signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  const first = await Promise.race([process.exited, aborted])
  if (first !== 'aborted') return first
  killQuietly(process, 'SIGTERM')
  const inGrace = await Promise.race([process.exited, sleep(graceMs, null, { ref: false })])
  if (inGrace) return inGrace
  killQuietly(process, 'SIGKILL')
  // A process stuck in the kernel (a dead network disk) does not end even so; the slot is not lost to it.
  const killed = await Promise.race([process.exited, sleep(graceMs, null, { ref: false })])
  return killed ?? { code: null, signal: 'SIGKILL' }
}

function killQuietly(process: HarnessProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(signal)
  } catch {
    // Gone already.
  }
}
