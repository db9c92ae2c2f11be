/**
 * The loop over due work: async continuations, timers, retries, errands. Started when the wing is ready, stopped with it. It takes
 * what is due with a lock that expires (so that several servers may run it, and a dead one loses its work), runs about
 * `piecesMax` pieces at once (a search under way does not count those begun meanwhile), and sleeps until the next timer, a hint of this process, a NOTIFY of another, or the slow poll.
 */
import { isDatabaseAway } from '@rowhouse/postgres'
import { sql } from 'kysely'
import type { Hands, MlcContext, TakenWork } from '../context.ts'
import { cleanHistory } from '../history/clean-history.ts'
import { sweepKeptMessages } from '../message/kept-messages.ts'
import { type DriveOptions, driveChain, releaseWork } from './drive.ts'
import { runErrand } from './errands.ts'

export interface RunDueLoop {
  hands: Hands
  start(): void
  wake(): void
  stop(): Promise<void>
}

/** Renewed while its holder lives: the work of a server that died is another's after this. */
const lockMs = 15_000
const renewEveryMs = 5_000
const slowPollMs = 5_000
const sweepEveryMs = 60_000
const afterErrorMs = 500

interface DueRow {
  id: string
  instance_id: string | null
  definition_id: string | null
  activity_id: string
  kind: string
  repeat: string | null
  payload: Record<string, unknown> | null
  created_at: Date
}

export function makeRunDueLoop(ctx: MlcContext, piecesMax = 8): RunDueLoop {
  const running = new Set<Promise<void>>()
  const held = new Set<string>()
  const aborter = new AbortController()
  const sleeper = makeSleeper()
  let isStopped = false
  let reserved = 0
  let loop: Promise<void> | undefined
  let renewal: NodeJS.Timeout | undefined
  let sweptAt = ctx.now().getTime()

  async function round(): Promise<void> {
    sleeper.forget()
    const free = piecesMax - running.size - reserved
    const lookedAt = ctx.now()
    const taken = free > 0 ? await take(ctx, free, lookedAt) : []
    for (const row of taken) run(row.id, (options) => runRow(ctx, row, options))
    if (taken.length > 0) return
    if (ctx.now().getTime() - sweptAt > sweepEveryMs) {
      sweptAt = ctx.now().getTime()
      await sweepKeptMessages(ctx)
      await cleanHistory(ctx)
    }
    await sleeper.sleep(await msToNext(ctx, lookedAt))
  }

  function run(workId: string, drive: (options: HeldOptions) => Promise<void>): void {
    const piece = runPiece(ctx, workId, drive, { signal: aborter.signal, lockMs, held }).finally(() => {
      running.delete(piece)
      sleeper.wake()
    })
    running.add(piece)
  }

  async function runLoop(): Promise<void> {
    while (!isStopped) {
      try {
        await round()
      } catch (error) {
        ctx.log[isDatabaseAway(error) ? 'warn' : 'error']({ err: error }, 'looking for due work failed; trying again')
        sleeper.forget()
        if (!isStopped) await sleeper.sleep(afterErrorMs)
      }
    }
  }

  const hands: Hands = {
    reserve() {
      if (isStopped || loop === undefined || running.size + reserved >= piecesMax) return undefined
      reserved += 1
      return new Date(ctx.now().getTime() + lockMs)
    },
    give(work) {
      reserved -= 1
      if (isStopped) void releaseWork(ctx, work)
      else run(work.workId, (options) => driveChain(ctx, work, options))
    },
    free() {
      reserved -= 1
      sleeper.wake()
    },
  }

  return {
    hands,
    start() {
      loop ??= runLoop()
      renewal ??= setInterval(() => void renew(ctx, [...held]), renewEveryMs)
    },
    wake: sleeper.wake,
    async stop() {
      isStopped = true
      aborter.abort()
      sleeper.wake()
      await loop
      await Promise.allSettled(running)
      clearInterval(renewal)
    },
  }
}

type HeldOptions = DriveOptions & { held: Set<string> }

async function runPiece(
  ctx: MlcContext,
  workId: string,
  drive: (options: HeldOptions) => Promise<void>,
  options: HeldOptions,
): Promise<void> {
  const { signal, held } = options
  held.add(workId)
  try {
    await drive(options)
  } catch (error) {
    if (!signal.aborted) ctx.log.error({ err: error, workId }, 'due work could not be finished; it is tried again')
    await releaseWork(ctx, { workId, owner: ctx.serverId })
  } finally {
    held.delete(workId)
  }
}

async function runRow(ctx: MlcContext, row: DueRow, options: HeldOptions): Promise<void> {
  const owner = ctx.serverId
  const { id: workId, instance_id: instanceId } = row
  if (instanceId === null) return await runErrand(ctx, { ...row, owner }, options.signal)
  const definitionId = row.definition_id ?? (await findDefinition(ctx, instanceId))
  if (definitionId !== undefined) {
    const { activity_id: activityId, kind, created_at: createdAt } = row
    const work: TakenWork = { workId, instanceId, definitionId, activityId, kind, createdAt, owner }
    await driveChain(ctx, work, options)
  }
}

/** `take` joins with what was committed before it waited for other takers: an instance may be newer than that. */
async function findDefinition(ctx: MlcContext, instanceId: string): Promise<string | undefined> {
  const { rows } = await sql<{ definition_id: string }>`
    select definition_id from mlc.instance where id = ${instanceId}`.execute(ctx.database.kysely)
  return rows[0]?.definition_id
}

/** A sleep that a wake-up ends; one that came while awake ends the next sleep at once. */
function makeSleeper() {
  let isWoken = false
  let rouse: (() => void) | undefined
  return {
    wake(): void {
      isWoken = true
      rouse?.()
    },
    /** What is to be done is looked for now: wake-ups until here are served by it. */
    forget(): void {
      isWoken = false
    },
    async sleep(ms: number): Promise<void> {
      if (isWoken) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        rouse = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      rouse = undefined
    },
  }
}

async function take(ctx: MlcContext, pieces: number, now: Date): Promise<DueRow[]> {
  const until = new Date(now.getTime() + lockMs)
  const { rows } = await sql<DueRow>`
    select t.id, t.instance_id, coalesce(t.definition_id, i.definition_id) as definition_id, t.activity_id, t.kind,
      t.repeat, t.payload, t.created_at
    from mlc.take_due_work(${ctx.serverId}, ${now}, ${until}, ${pieces}::int) t left join mlc.instance i on i.id = t.instance_id`.execute(
    ctx.database.kysely,
  )
  return rows
}

/** Only what is in hand: a lock whose work was lost on the way back from the database must run out. */
async function renew(ctx: MlcContext, held: string[]): Promise<void> {
  if (held.length === 0) return
  const until = new Date(ctx.now().getTime() + lockMs)
  await sql`
    update mlc.due_work set lock_expires_at = ${until} where lock_owner = ${ctx.serverId} and id = any(${held}::text[])`
    .execute(ctx.database.kysely)
    .catch((error: unknown) => ctx.log.warn({ err: error }, 'the locks of running work could not be renewed'))
}

/** After `lookedAt`, not after now: what fell due between the two was not taken yet. */
async function msToNext(ctx: MlcContext, lookedAt: Date): Promise<number> {
  const { rows } = await sql<{ next_at: Date | null }>`
    select min(due_at) as next_at from mlc.due_work
    where retries > 0 and not is_suspended and due_at > ${lookedAt}`.execute(ctx.database.kysely)
  const nextAt = rows[0]?.next_at
  if (nextAt === null || nextAt === undefined) return slowPollMs
  return Math.min(Math.max(nextAt.getTime() - ctx.now().getTime(), 1), slowPollMs)
}
