/** A killer that strikes at random: which part, and when, follows from a seed. And the scheduler that does not mind: it repeats itself until it is answered. */
import { readdirSync, readlinkSync } from 'node:fs'
import { AppError } from '@rowhouse/contract'
import { listProcesses } from './processes.ts'
import { eventually, type Part, parts, type Rowhouse } from './rowhouse.ts'

/** From 0 to below 1, the same row of numbers for the same seed. */
export type Random = () => number

export function makeRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

export type Victim = Part | 'everything'

/** Kills at once, without a farewell; `everything` is the supervisor, which is then started again. Waits for the victim where it is not there just now. */
export async function kill(rowhouse: Rowhouse, victim: Victim, random: Random): Promise<void> {
  if (victim === 'everything') {
    await rowhouse.kill('SIGKILL')
    await rowhouse.restart()
    return
  }
  await eventually(`${victim} to be killed`, async () => {
    const candidates = processesOf(rowhouse.folder).filter(({ command }) => parts[victim].test(command))
    const chosen = candidates[Math.floor(random() * candidates.length)]
    if (chosen === undefined) return undefined
    try {
      return process.kill(chosen.pid, 'SIGKILL')
    } catch {
      return undefined
    }
  })
}

/** Every process that works in the folder or names it in its command line, and the children of these. */
export function processesOf(folder: string): { pid: number; command: string }[] {
  const all = listProcesses()
  const own = new Set(
    all
      .filter(
        ({ pid, command }) => pid !== process.pid && (command.includes(folder) || placeOf(pid).startsWith(folder)),
      )
      .map(({ pid }) => pid),
  )
  for (let before = -1; before !== own.size; ) {
    before = own.size
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid)
  }
  return all.filter(({ pid }) => own.has(pid))
}

function placeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

/** POST as a scheduler does it: the same request with the same key until it is answered; a refusal is thrown. */
export async function postUntilAnswered(
  rowhouse: Rowhouse,
  path: string,
  body: unknown,
  key: string | undefined,
): Promise<Record<string, unknown>> {
  for (;;) {
    const answer = await fetch(rowhouse.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${rowhouse.token}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => null)
    if (answer !== null && answer.status < 300) return JSON.parse(answer.text) as Record<string, unknown>
    if (answer !== null && answer.status < 500) throw new Error(`${path} answered ${answer.status}: ${answer.text}`)
    await pause(150)
  }
}

/** As `eventually`; a server that is away or broken for a while is asked again. */
export function eventuallyAnswered<T>(what: string, look: () => Promise<T | undefined>, seconds: number): Promise<T> {
  return eventually(
    what,
    async () => {
      try {
        return await look()
      } catch (error) {
        if (error instanceof AppError && (error.kind === 'Unavailable' || error.kind === 'Bug')) return undefined
        throw error
      }
    },
    seconds,
  )
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
