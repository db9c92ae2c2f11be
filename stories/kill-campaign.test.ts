/**
 * The promise, under fire: a trigger never runs twice and an acknowledged one is never lost, whichever part dies at whichever moment. What is
 * killed and when follows from a seed, which is printed; ROWHOUSE_CAMPAIGN_SEED plays one again.
 */
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasJobEnded } from '@rowhouse/contract'
import { openDatabase } from '@rowhouse/postgres'
import { startEmbedded } from '@rowhouse/postgres/embedded'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, fileAsset } from './deploy.ts'
import {
  eventuallyAnswered,
  filesBelow,
  kill,
  makeRandom,
  pause,
  postUntilAnswered,
  processesOf,
  shuffled,
  type Victim,
} from './killer.ts'
import { eventually, makeFolder, type Rowhouse, readLines, startRowhouse } from './rowhouse.ts'

const seed = Number(process.env.ROWHOUSE_CAMPAIGN_SEED ?? randomInt(1, 1_000_000))
const triggersCount = 40
const sendForMs = 20_000
const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'
const victims: Victim[] = [
  ...Array<Victim>(3).fill('server'),
  ...Array<Victim>(2).fill('PostgreSQL'),
  ...Array<Victim>(2).fill('a backend of PostgreSQL'),
  ...Array<Victim>(3).fill('runtime'),
  ...Array<Victim>(2).fill('everything'),
]

interface Trigger {
  number: number
  way: 'signal' | 'variable' | 'job'
  rows: number
  input: string
  output: string
}

let rowhouse: Rowhouse
let deploymentId: string

beforeAll(async () => {
  // a job may be hit more often here than the three times after which it is given up
  const env = { ROWHOUSE_JOB_ATTEMPTS_MAX: '50' }
  rowhouse = await startRowhouse({ env, args: ['--slots', '3'] })
  deploymentId = await deploy(rowhouse, 'takes-a-moment')
})
afterAll(() => rowhouse?.remove())

describe(`a campaign of kills (ROWHOUSE_CAMPAIGN_SEED=${seed})`, () => {
  it('every acknowledged trigger has exactly one job, which completes exactly once, with the rows of its own input', async () => {
    // given
    console.info(`kill campaign: ROWHOUSE_CAMPAIGN_SEED=${seed}`)
    const triggers = makeTriggers()
    // when
    const [acknowledged] = await Promise.all([sendAll(triggers), killAll()])
    const jobIds = await followAll(acknowledged)
    // then
    expect(new Set(jobIds.values()).size).toBe(triggers.length)
    for (const { number, rows, output } of triggers) expect(readLines(output)).toEqual(scores(number, rows))
    await checkRest(jobIds)
    expect(await rowhouse.stop()).toBe(0)
    expect(
      await eventually('no process left', async () => (processesOf(rowhouse.folder).length === 0 ? [] : undefined)),
    ).toEqual([])
    expect(filesBelow(rowhouse.folder).filter((name) => name.endsWith('.part') || /batch-[^/]*$/.test(name))).toEqual(
      [],
    )
    await checkRows(triggers)
  }, 600_000)
})

function makeTriggers(): Trigger[] {
  const random = makeRandom(seed + 1)
  const [inputs, outputs] = [makeFolder(rowhouse, 'in'), makeFolder(rowhouse, 'out')]
  return Array.from({ length: triggersCount }, (_, n) => {
    const rows = 20 + Math.floor(random() * 180)
    const input = join(inputs, `${n}.csv`)
    writeFileSync(input, `id,x\n${Array.from({ length: rows }, (_, row) => `${n}-${row},${n + row / 4}\n`).join('')}`)
    const way = n % 5 === 0 ? 'job' : n % 5 === 1 ? 'variable' : 'signal'
    return { number: n, way, rows, input, output: join(outputs, `${n}.csv`) } as const
  })
}

function scores(number: number, rows: number): string[] {
  const lines = Array.from({ length: rows }, (_, row) => {
    const double = (number + row / 4) * 2
    return `${number}-${row},${Number.isInteger(double) ? `${double}.0` : double}`
  })
  return ['id,double', ...lines]
}

/** Answers what each trigger was acknowledged with: the id of its process instance, or of its job. */
async function sendAll(triggers: readonly Trigger[]): Promise<Map<Trigger, string>> {
  const random = makeRandom(seed + 2)
  const acknowledged = new Map<Trigger, string>()
  const plans = triggers.map((trigger) => ({ trigger, afterMs: random() * sendForMs, repeats: random() < 0.3 }))
  await Promise.all(
    plans.map(async ({ trigger, afterMs, repeats }) => {
      await pause(afterMs)
      const id = await send(trigger)
      acknowledged.set(trigger, id)
      // a scheduler whose own disk forgot the answer
      if (repeats) expect(await send(trigger)).toBe(id)
    }),
  )
  return acknowledged
}

async function send({ number, way, input, output }: Trigger): Promise<string> {
  const key = `campaign-${number}`
  if (way === 'job') {
    const body = { deployedModel: { id: deploymentId }, inputData: [fileAsset(input)], outputData: [fileAsset(output)] }
    return String((await postUntilAnswered(rowhouse, '/model-manage/api/jobs', body, key)).id)
  }
  const variables = {
    TAG: { value: 'cc-fraud' },
    MODEL_STAGE: { value: 'DEV' },
    INPUT_FILE: { value: input },
    OUTPUT_FILE: { value: output },
    ...(way === 'variable' ? { IDEMPOTENCY_KEY: { value: key } } : {}),
  }
  const path = '/mlc-service/rest/signalResponsive'
  const answer = await postUntilAnswered(
    rowhouse,
    path,
    { name: signal, variables },
    way === 'signal' ? key : undefined,
  )
  return String(answer.processInstanceId)
}

async function killAll(): Promise<void> {
  const random = makeRandom(seed)
  for (const victim of shuffled(victims, random)) {
    await pause(200 + random() * 2_500)
    await kill(rowhouse, victim, random)
  }
}

/** To the end of each job and process; answers the job of each trigger. */
async function followAll(acknowledged: ReadonlyMap<Trigger, string>): Promise<Map<Trigger, string>> {
  const jobs = new Map<Trigger, string>()
  for (const [trigger, id] of acknowledged) {
    const jobId = trigger.way === 'job' ? id : await jobOf(id)
    const job = await eventuallyAnswered(`the end of job ${jobId}`, () => endedJob(jobId), 90)
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    jobs.set(trigger, jobId)
    if (trigger.way === 'job') continue
    await eventuallyAnswered(
      `the end of process instance ${id}`,
      async () => {
        const { state } = await rowhouse.client.mlc.historicProcessInstance(id)
        return state === 'COMPLETED' ? state : undefined
      },
      90,
    )
  }
  return jobs
}

async function jobOf(instanceId: string): Promise<string> {
  const found = await eventuallyAnswered(
    `the job of process instance ${instanceId}`,
    async () => {
      const incidents = await rowhouse.client.mlc.incidents(instanceId)
      if (incidents.length > 0) throw new Error(`an incident: ${JSON.stringify(incidents)}`)
      const histories = (await rowhouse.client.jobHistories.findByRootProcessInstanceId(instanceId))._embedded
        .jobHistories
      return histories?.length ? histories : undefined
    },
    90,
  )
  expect(found).toHaveLength(1)
  return found[0]?.jobId ?? ''
}

async function endedJob(jobId: string) {
  const job = await rowhouse.client.jobs.look(jobId)
  return hasJobEnded(job.jobStatus) ? job : undefined
}

/** Nothing more than what was acknowledged, and no job ended twice. */
async function checkRest(jobIds: ReadonlyMap<Trigger, string>): Promise<void> {
  const histories = (await rowhouse.client.jobHistories.list({ size: 1000 }))._embedded.jobHistories ?? []
  expect(histories.map(({ jobId }) => jobId).sort()).toEqual([...jobIds.values()].sort())
  const ends = histories.map(({ jobId, events }) => [
    jobId,
    events.filter(({ jobStatus }) => jobStatus === 'COMPLETE').length,
  ])
  expect(ends.filter(([, count]) => count !== 1)).toEqual([])
  expect(await rowhouse.client.call('GET', '/mlc-service/rest/incident')).toEqual([])
}

/** What no interface shows: the rows themselves. */
async function checkRows(triggers: readonly Trigger[]): Promise<void> {
  const server = await startEmbedded({ dataDir: join(rowhouse.dataFolder, 'postgres') })
  const database = openDatabase<never>(server.url)
  try {
    const { rows } = await sql<Record<string, number>>`select
      (select count(*)::int from model_manage.attempt where state = 'RUNNING') as "attempts that hold a lease",
      (select count(*)::int from model_manage.attempt where state = 'FINISHED') as "finished attempts",
      (select count(*)::int from mlc.instance where definition_key = 'RunBatchJob') as "process instances",
      (select count(*)::int from mlc.instance where ended_at is null) as "live instances",
      (select count(*)::int from mlc.due_work) as "due work",
      (select count(*)::int from mlc.execution) as "executions",
      (select count(*)::int from mlc.subscription) as "subscriptions",
      (select count(*)::int from mlc.history_incident) as "incidents ever"`.execute(database.kysely)
    expect(rows[0]).toEqual({
      'attempts that hold a lease': 0,
      'finished attempts': triggers.length,
      'process instances': triggers.filter(({ way }) => way !== 'job').length,
      'live instances': 0,
      'due work': 0,
      executions: 0,
      subscriptions: 0,
      'incidents ever': 0,
    })
  } finally {
    await database.close()
    await server.stop()
  }
}
