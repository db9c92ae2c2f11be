/** Deaths at one exact moment, which random kills seldom meet: between a job and its process, at a job's end, before anybody waits. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openDatabase } from '@rowhouse/postgres'
import { type EmbeddedPostgres, startEmbedded } from '@rowhouse/postgres/embedded'
import { type RawBuilder, sql } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { deploy } from './deploy.ts'
import { eventuallyAnswered, kill, makeRandom } from './killer.ts'
import { eventually, makeFolder, type Rowhouse, readLines, root, startRowhouse, type UpOptions } from './rowhouse.ts'

const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'
const ours: (() => Promise<unknown>)[] = []
let rowhouse: Rowhouse

afterEach(async () => {
  await rowhouse?.remove()
  for (const end of ours.splice(0).reverse()) await end()
})

interface Case {
  processInstanceId: string
  output: string
  gate: string
}

/** Three rows for a model that waits until the gate's file is there. */
async function trigger(): Promise<Case> {
  await deploy(rowhouse, 'waits-at-a-gate')
  const folder = makeFolder(rowhouse, 'data')
  const [input, output, gate] = [join(folder, 'in.csv'), join(folder, 'out.csv'), join(folder, 'gate')]
  writeFileSync(input, `id,gate,last\n1,${gate},no\n2,${gate},no\n3,${gate},yes\n`)
  const answer = await rowhouse.client.mlc.signalResponsive({
    name: signal,
    variables: {
      TAG: { value: 'cc-fraud' },
      MODEL_STAGE: { value: 'DEV' },
      INPUT_FILE: { value: input },
      OUTPUT_FILE: { value: output },
    },
  })
  return { processInstanceId: answer.processInstanceId ?? '', output, gate }
}

/** The process ends, with the one job it ever made, and the output is whole. Answers that job. */
async function endsWell({ processInstanceId, output }: Case) {
  await eventuallyAnswered(
    'the end of the process',
    async () => {
      const { state } = await rowhouse.client.mlc.historicProcessInstance(processInstanceId)
      return state === 'COMPLETED' ? state : undefined
    },
    60,
  )
  const jobs = (await rowhouse.client.jobs.list())._embedded.jobs ?? []
  expect(jobs).toHaveLength(1)
  expect(jobs[0]).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  expect(readLines(output)).toEqual(['id', '1', '2', '3'])
  expect(await rowhouse.client.mlc.incidents(processInstanceId)).toEqual([])
  return jobs[0]
}

async function isAtGate({ processInstanceId }: Case): Promise<void> {
  await eventually('the model at the gate', async () => {
    const found = await rowhouse.client.jobHistories.findByRootProcessInstanceId(processInstanceId)
    return found._embedded.jobHistories?.[0]?.jobStatus === 'RUNNING' ? true : undefined
  })
}

async function passGate({ gate }: Case): Promise<void> {
  writeFileSync(gate, '')
  await eventually('the model past the gate', async () => (existsSync(`${gate}-passed`) ? true : undefined))
}

/** On a PostgreSQL that the test holds: it can stop it, and look into it. */
async function startOnOwnPostgres(options: UpOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-story-pg-'))
  ours.push(async () => rmSync(folder, { recursive: true, force: true }))
  let server: EmbeddedPostgres = await startEmbedded({ dataDir: folder })
  ours.push(() => server.stop())
  const database = openDatabase<never>(server.url, { max: 1 })
  ours.push(() => database.close())
  rowhouse = await startRowhouse({ ...options, args: ['--database-url', server.url, ...(options.args ?? [])] })
  return {
    run: async <Row>(statement: RawBuilder<Row>) => (await statement.execute(database.kysely)).rows,
    stop: () => server.stop(),
    start: async () => {
      server = await startEmbedded({ dataDir: folder })
    },
  }
}

type OwnPostgres = Awaited<ReturnType<typeof startOnOwnPostgres>>

/** Processes that have a job do not get on until `release`. */
async function holdProcesses({ run }: OwnPostgres) {
  await run(sql`create function public.hold() returns trigger language plpgsql as $$ begin
    if exists (select from model_manage.job_history h where h.job_mlcs::text like '%' || new.id || '%') then
      perform pg_advisory_xact_lock(4711);
    end if;
    return new;
  end $$`)
  await run(sql`create trigger hold before update on mlc.instance for each row execute function public.hold()`)
  await run(sql`select pg_advisory_lock(4711)`)
  return {
    isHeld: () =>
      eventually('a process that is held', async () => {
        const held = await run(sql`select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted`)
        return held.length > 0 ? true : undefined
      }),
    release: async () => {
      await run(sql`select pg_advisory_unlock(4711)`)
      await run(sql`drop trigger hold on mlc.instance`)
    },
  }
}

it('the server dies between the making of a job and the step of its process: the next one finds the same job', async () => {
  // given
  const postgres = await startOnOwnPostgres()
  const hold = await holdProcesses(postgres)
  const given = await trigger()
  await hold.isHeld()
  // when
  await kill(rowhouse, 'server', makeRandom(1))
  await hold.release()
  await passGate(given)
  // then
  await endsWell(given)
})

it('a job that ends before its process waits for it: the message is kept until it does', async () => {
  // given
  const postgres = await startOnOwnPostgres()
  const hold = await holdProcesses(postgres)
  const given = await trigger()
  await hold.isHeld()
  // when
  await passGate(given)
  await eventually('the kept message', async () => {
    const kept = await postgres.run(sql`select from mlc.kept_message`)
    return kept.length > 0 ? true : undefined
  })
  await hold.release()
  // then
  await endsWell(given)
})

it('PostgreSQL is away when a job ends: its end is told again until it is taken, and nothing runs twice', async () => {
  // given
  const postgres = await startOnOwnPostgres()
  const given = await trigger()
  await isAtGate(given)
  // when
  await postgres.stop()
  await passGate(given)
  await postgres.start()
  // then
  const job = await endsWell(given)
  expect(job?.jobMessages.filter((line) => line.includes('attempt 2'))).toEqual([])
})

it('database and server are away when a job ends: its runtime keeps the result for their return', async () => {
  // given
  rowhouse = await startRowhouse({ args: ['--no-runtime'] })
  await startRuntime()
  const given = await trigger()
  await isAtGate(given)
  // when
  await rowhouse.kill('SIGKILL')
  await passGate(given)
  await rowhouse.restart()
  // then
  const job = await endsWell(given)
  expect(job?.jobMessages.filter((line) => line.includes('attempt 2'))).toEqual([])
})

/** A runtime that does not die with the server; registered. */
async function startRuntime(): Promise<void> {
  const options: Record<string, string> = {
    gateway: rowhouse.url,
    name: 'apart',
    stage: 'DEV',
    tag: 'cc-fraud',
    files: rowhouse.folder,
    'token-file': join(rowhouse.dataFolder, 'runtime-token'),
    'work-dir': join(rowhouse.folder, 'work'),
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const program = join(root, 'packages', 'rowhouse', 'bin', 'rowhouse.mjs')
  const child = spawn(process.execPath, [program, 'runtime', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((done) => child.once('exit', done))
  ours.push(() => {
    child.kill('SIGKILL')
    return ended
  })
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('ready ') && done())
    child.once('exit', (code) => fail(new Error(`the runtime ended with ${code} before it was ready`)))
  })
}
