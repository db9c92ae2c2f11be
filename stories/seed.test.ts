/** The page this product began with, typed as it is printed there: three ways to trigger a batch scoring job, and how to follow it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hasJobEnded, type JobStatus } from '@rowhouse/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, lastWord, makeFolder, type Rowhouse, readLines, root, startRowhouse } from './rowhouse.ts'

interface Job {
  id: string
  jobStatus: JobStatus
  jobResult: string
}

let rowhouse: Rowhouse
let snapshotId: string
let deploymentId: string
const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'

beforeAll(async () => {
  rowhouse = await startRowhouse()
  const input = join(makeFolder(rowhouse, 'in'), 'transactions.csv')
  const made = spawnSync(
    'python3',
    [join(root, 'models/cc-fraud/make_transactions.py'), '--rows', '1000', '--seed', '7'],
    { encoding: 'utf8' },
  )
  writeFileSync(input, made.stdout)
  makeFolder(rowhouse, 'out')
})
afterAll(() => rowhouse?.remove())

async function get<T>(path: string): Promise<T> {
  const response = await fetch(rowhouse.url + path, { headers: { authorization: `Bearer ${rowhouse.token}` } })
  expect(response.status).toBe(200)
  return response.json() as Promise<T>
}

async function trigger(body: unknown): Promise<Response> {
  return fetch(`${rowhouse.url}/mlc-service/rest/signalResponsive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${rowhouse.token}` },
    body: JSON.stringify(body),
  })
}

/** Process instance → job history → job → its end, by the two URLs of the page. */
async function followToEnd(processInstanceId: string): Promise<Job> {
  const search = `/model-manage/api/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId?processInstanceId=${processInstanceId}`
  const jobId = await eventually('the job history', async () => {
    const found = await get<{ _embedded: { jobHistories: { jobId: string }[] } }>(search)
    return found._embedded.jobHistories[0]?.jobId
  })
  return eventually('the end of the job', async () => {
    const job = await get<Job>(`/model-manage/api/jobs/${jobId}`)
    return hasJobEnded(job.jobStatus) ? job : undefined
  })
}

describe('deploy a model as batch', () => {
  it('registers the shipped model, snapshots it with the service tag and deploys it to the stage', async () => {
    const imported = await rowhouse.moc('model', 'import', join(root, 'models/cc-fraud'))
    expect(imported).toMatchObject({ code: 0 })
    const snapshot = await rowhouse.moc('snapshot', 'create', 'cc-fraud', '--tag', 'cc-fraud')
    expect(snapshot).toMatchObject({ code: 0 })
    snapshotId = lastWord(snapshot.stdout)
    const deployed = await rowhouse.moc(
      'deployment',
      'create',
      snapshotId,
      '--stage',
      'DEV',
      '--input',
      'in/transactions.csv',
      '--output',
      'out/scores-{jobId}.csv',
    )
    expect(deployed).toMatchObject({ code: 0 })
    deploymentId = lastWord(deployed.stdout)
  })
})

describe('trigger A: signalResponsive', () => {
  it("runs the page's literal body, which names no file, to COMPLETE with the rows written", async () => {
    // given the body as printed, with this model's service tag and stage
    const response = await trigger({
      name: signal,
      variables: { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' } },
    })
    // when it is followed
    expect(response.status).toBe(200)
    const { processInstanceId } = (await response.json()) as { processInstanceId: string }
    const job = await followToEnd(processInstanceId)
    // then
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    expect(readLines(join(rowhouse.folder, `out/scores-${job.id}.csv`))).toHaveLength(1001)
    const ended = await eventually('the end of the process', async () => {
      const instance = await get<{ state: string }>(`/mlc-service/rest/history/process-instance/${processInstanceId}`)
      return instance.state === 'COMPLETED' ? instance : undefined
    })
    expect(ended.state).toBe('COMPLETED')
    expect(await get(`/mlc-service/rest/incident?processInstanceId=${processInstanceId}`)).toEqual([])
  })

  it.each([
    ['paths', (path: string) => join(rowhouse.folder, path)],
    ['paths in the folders of the runtime', (path: string) => path],
    [
      'assets as JSON',
      (path: string) => ({ assetType: 'EXTERNAL_FILE', fileUrl: pathToFileURL(join(rowhouse.folder, path)).href }),
    ],
  ])('takes INPUT_FILE and OUTPUT_FILE as variables: %s', async (_form, place) => {
    rmSync(join(rowhouse.folder, 'out/by-variable.csv'), { force: true })
    const variables = {
      TAG: { value: 'cc-fraud' },
      MODEL_STAGE: { value: 'DEV' },
      INPUT_FILE: { value: place('in/transactions.csv') },
      OUTPUT_FILE: { value: place('out/by-variable.csv') },
    }
    const { processInstanceId } = (await (await trigger({ name: signal, variables })).json()) as {
      processInstanceId: string
    }
    expect(await followToEnd(processInstanceId)).toMatchObject({ jobStatus: 'COMPLETE' })
    expect(readLines(join(rowhouse.folder, 'out/by-variable.csv'))).toHaveLength(1001)
  })
})

describe('trigger B: moc mlc trigger', () => {
  it('starts the same process from a file; the id is the last word', async () => {
    const file = join(rowhouse.folder, 'trigger.json')
    writeFileSync(
      file,
      JSON.stringify({ name: signal, variables: { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' } } }),
    )
    const ran = await rowhouse.moc('mlc', 'trigger', '--file', file)
    expect(ran).toMatchObject({ code: 0 })
    expect(await followToEnd(lastWord(ran.stdout))).toMatchObject({ jobStatus: 'COMPLETE' })
  })

  it('--wait follows it to the end', async () => {
    const ran = await rowhouse.moc('mlc', 'trigger', '--file', join(rowhouse.folder, 'trigger.json'), '--wait')
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toMatch(/COMPLETE SUCCESS: 1000 records in, 1000 out, 0 rejected/)
  })
})

describe('trigger C: moc job create deployedbatch', () => {
  it('finds the deployment by name, state and stage', async () => {
    const ran = await rowhouse.moc('deployment', 'ls', 'cc-fraud', '--state', 'deployed', '--tag', 'DEV')
    expect(ran.stdout.split('\n')[1]?.split('\t')[0]).toBe(deploymentId)
  })

  it('scores a local file and fetches the output', async () => {
    const output = join(rowhouse.folder, 'by-moc.csv')
    const ran = await rowhouse.moc(
      'job',
      'create',
      'deployedbatch',
      deploymentId,
      join(rowhouse.folder, 'in/transactions.csv'),
      output,
      '--wait',
    )
    expect(ran).toMatchObject({ code: 0 })
    expect(readLines(output)).toHaveLength(1001)
    expect(readFileSync(output, 'utf8')).toBe(readFileSync(join(rowhouse.folder, 'out/by-variable.csv'), 'utf8'))
  })

  it('prints the job id last, and job status in the columns scripts read', async () => {
    const created = await rowhouse.moc(
      'job',
      'create',
      'deployedbatch',
      deploymentId,
      join(rowhouse.folder, 'in/transactions.csv'),
      'later.csv',
    )
    const jobId = lastWord(created.stdout)
    const cells = await eventually('COMPLETE', async () => {
      const status = await rowhouse.moc('job', 'status', jobId)
      const row = status.stdout.split('\n')[1]?.split('\t') ?? []
      return row.at(-2)?.trim() === 'COMPLETE' ? row : undefined
    })
    expect(cells[0]).toBe(jobId)
    expect(await rowhouse.moc('job', 'output', jobId)).toMatchObject({ code: 0 })
    expect(existsSync(join(rowhouse.folder, 'later.csv'))).toBe(true)
  })
})

describe('when the job never runs', () => {
  const incidentsOf = (id: string) =>
    eventually('the incident', async () => {
      const found = await get<{ incidentMessage: string; activityId: string }[]>(
        `/mlc-service/rest/incident?processInstanceId=${id}`,
      )
      return found.length > 0 ? found : undefined
    })
  const start = async (tag: string, stage: string) => {
    const response = await trigger({ name: signal, variables: { TAG: { value: tag }, MODEL_STAGE: { value: stage } } })
    expect(response.status).toBe(200)
    return ((await response.json()) as { processInstanceId: string }).processInstanceId
  }

  it('an unknown stage is an incident that says what was looked for and what there is', async () => {
    const [incident] = await incidentsOf(await start('cc-fraud', 'PROD'))
    expect(incident?.incidentMessage).toContain('PROD')
    expect(incident?.incidentMessage).toContain('DEV')
  })

  it('a tag that differs only in case is named as nearly right', async () => {
    const [incident] = await incidentsOf(await start('CC-Fraud', 'DEV'))
    expect(incident?.incidentMessage).toContain('cc-fraud')
  })

  it('a tag removed after the deployment is noticed when the job is created', async () => {
    // given
    const [runtime] = (await rowhouse.client.engines.list())._embedded.engines ?? []
    expect((await rowhouse.moc('runtime', 'tag', 'rm', runtime?.name ?? '', 'cc-fraud')).code).toBe(0)
    // when
    const [incident] = await incidentsOf(await start('cc-fraud', 'DEV'))
    // then
    expect(incident?.incidentMessage).toContain(runtime?.name)
    expect(incident?.incidentMessage).toContain('cc-fraud')
    expect((await rowhouse.moc('runtime', 'tag', 'add', runtime?.name ?? '', 'cc-fraud')).code).toBe(0)
  })

  it('a signal nobody knows is 404 and names it', async () => {
    const response = await trigger({ name: 'no-such-signal' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('no-such-signal') })
  })

  it('without a token every door answers 401', async () => {
    for (const path of ['/mlc-service/rest/incident', '/model-manage/api/jobs'])
      expect((await fetch(rowhouse.url + path)).status).toBe(401)
  })
})
