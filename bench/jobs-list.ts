/** A page of 20 of the jobs list, over HTTP with a token, while the table holds 100,000 jobs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, startEmbedded } from '@rowhouse/postgres'
import { createJob, deploy, ended, writeRows } from '../stories/deploy.ts'
import { type Rowhouse, startRowhouse } from '../stories/rowhouse.ts'
import { percentile, printTable } from './table.ts'

const jobs = 100_000
const calls = 200

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-bench-'))
  const postgres = await startEmbedded({ dataDir: join(folder, 'postgres') })
  const rowhouse = await startRowhouse({ args: ['--database-url', postgres.url] })
  try {
    const job = await createJob(
      rowhouse,
      await deploy(rowhouse, 'counts-records'),
      writeRows(rowhouse, 'rows.csv', 10),
      join(rowhouse.folder, 'out.csv'),
    )
    await ended(rowhouse, job.id)
    await multiplyJob(postgres.url, job.id)
    printTable(
      ['page of 20 (ms)', 'jobs', 'calls', 'p50', 'p95'],
      [
        ['GET /health/live, for comparison', 0, calls, ...(await timeCalls(rowhouse, '/health/live'))],
        ['GET …/jobs', jobs, calls, ...(await timeCalls(rowhouse, '/model-manage/api/jobs?page=0&size=20'))],
        [
          'GET …/jobs, page 2,500',
          jobs,
          calls,
          ...(await timeCalls(rowhouse, '/model-manage/api/jobs?page=2500&size=20')),
        ],
      ],
    )
  } finally {
    await rowhouse.remove()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same finished job over and over, a second apart, as if it had run for a day and more. */
async function multiplyJob(url: string, id: string): Promise<void> {
  const database = openDatabase<never>(url)
  const columns =
    'version, modified_at, created_by, modified_by, group_name, job_type, status, result, engine_id, deployed_model_id, wish, asked, attempt, lost_count, wait_at, run_at, end_at, runtime_update_at, outcome, progress, message_count, document'
  await database.pool.query(
    `insert into model_manage.job (id, created_at, ${columns})
     select gen_random_uuid(), created_at - make_interval(secs => n), ${columns}
     from model_manage.job, generate_series(1, $2) as n where id = $1`,
    [id, jobs - 1],
  )
  await database.pool.query('analyze model_manage.job')
  await database.close()
}

async function timeCalls(rowhouse: Rowhouse, path: string): Promise<[number, number]> {
  const times: number[] = []
  for (let n = 0; n < calls + 20; n += 1) {
    const begun = performance.now()
    const response = await fetch(rowhouse.url + path, { headers: { authorization: `Bearer ${rowhouse.token}` } })
    await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    if (n >= 20) times.push(performance.now() - begun)
  }
  return [percentile(times, 0.5), percentile(times, 0.95)]
}
