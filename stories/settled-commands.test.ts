/** moc, command by command, against a whole Rowhouse: what it prints for scripts, and what it did. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { incidentOf, startBySignal } from './calls.ts'
import { deploy, ended, running, writeRows } from './deploy.ts'
import { eventually, lastWord, type Rowhouse, readLines, root, runProgram, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deployment: string
let snapshot: string
let job: string
let instance: string
let stuck: string
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deployment = await deploy(rowhouse, 'counts-records')
  snapshot = (await rowhouse.client.deployedModels.get(deployment)).deployableModel.id
  input = writeRows(rowhouse, 'rows.csv', 3)
  job = lastWord((await moc('job', 'create', 'deployedbatch', deployment, input, 'scores.csv', '--wait')).stdout)
  const files = { INPUT_FILE: input, OUTPUT_FILE: join(rowhouse.folder, 'by-signal.csv') }
  instance = await startBySignal(rowhouse, { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', ...files })
  stuck = await startBySignal(rowhouse, { TAG: 'nobody', MODEL_STAGE: 'DEV' })
  await incidentOf(rowhouse, stuck)
  // lists are compared below: nothing may be on its way meanwhile
  await eventually('the end of the instance', async () =>
    (await rowhouse.client.mlc.historicProcessInstance(instance)).state === 'COMPLETED' ? true : undefined,
  )
})
afterAll(() => rowhouse?.remove())

const moc = (...args: string[]) => rowhouse.moc(...args)
async function said(...args: string[]): Promise<string> {
  const ran = await moc(...args)
  if (ran.code !== 0) throw new Error(`moc ${args.join(' ')}: ${ran.stderr}`)
  return ran.stdout
}
const lines = (text: string) => text.trimEnd().split('\n')

/** A runtime beats between two looks. */
const withoutHeartbeat = (document: object) => ({ ...document, lastHeartbeatDate: undefined })

describe('a list', () => {
  const lists: [string, () => string[]][] = [
    ['models', () => ['model', 'ls']],
    ['assets', () => ['asset', 'ls', 'counts-records']],
    ['snapshots', () => ['snapshot', 'ls']],
    ['deployments', () => ['deployment', 'ls', 'counts-records']],
    ['runtimes', () => ['runtime', 'ls']],
    ['jobs', () => ['job', 'ls']],
    ['definitions', () => ['mlc', 'ls']],
    ['incidents', () => ['mlc', 'incidents', stuck]],
  ]
  it.each(lists)('of %s has the id first when piped, alone with -q, and whole as JSON and YAML', async (_, command) => {
    const [titles = '', ...rows] = lines(await said(...command()))
    expect(titles.split('\t')[0]).toBe('ID')
    const ids = rows.map((row) => row.split('\t')[0])
    expect(ids.length).toBeGreaterThan(0)
    for (const row of rows) expect(row.split('\t')).toHaveLength(titles.split('\t').length)
    const documents = JSON.parse(await said(...command(), '-o', 'json')) as { id: string }[]
    expect(documents.map((each) => each.id)).toEqual(ids)
    const fromYaml = parse(await said(...command(), '-o', 'yaml')) as { id: string }[]
    expect(fromYaml.map(withoutHeartbeat)).toEqual(documents.map(withoutHeartbeat))
    expect(lines(await said(...command(), '-q'))).toEqual(ids)
  })

  it('of snapshots is narrowed by the name or the id of a model', async () => {
    const other = lastWord(await said('model', 'import', join(root, 'models/cc-fraud-js')))
    const { id } = (await rowhouse.client.deployableModels.get(snapshot)).storedModel
    for (const model of ['counts-records', String(id)])
      expect(lines(await said('snapshot', 'ls', model, '-q'))).toContain(snapshot)
    expect((await said('snapshot', 'ls', other, '-q')).trim()).toBe('')
  })

  it('of runtimes is narrowed by stage and tag, of deployments by state and tag', async () => {
    expect(lines(await said('runtime', 'ls', '--stage', 'DEV', '--tag', 'cc-fraud'))).toHaveLength(2)
    expect(lines(await said('runtime', 'ls', '--tag', 'CC-FRAUD'))).toHaveLength(1)
    const listed = (...more: string[]) => said('deployment', 'ls', 'counts-records', '-q', ...more)
    expect((await listed('--state', 'deployed', '--tag', 'DEV')).trim()).toBe(deployment)
    expect((await listed('--state', 'undeployed')).trim()).toBe('')
    expect((await listed('--tag', 'PROD')).trim()).toBe('')
  })
})

describe('what makes a thing', () => {
  it('prints its id as the last word: model, snapshot, deployment, job', async () => {
    const model = lastWord(await said('model', 'import', join(root, 'stories', 'models', 'yields-nan')))
    expect(await rowhouse.client.storedModels.get(model)).toMatchObject({ modelMetaData: { name: 'yields-nan' } })
    const made = lastWord(await said('snapshot', 'create', model, '--tag', 'cc-fraud'))
    expect(await rowhouse.client.deployableModels.get(made)).toMatchObject({ storedModel: { id: model } })
    const deployed = lastWord(await said('deployment', 'create', made, '--stage', 'DEV'))
    expect(await rowhouse.client.deployedModels.get(deployed)).toMatchObject({ deployableModel: { id: made } })
    const batch = lastWord(await said('job', 'create', 'batchjob', model, input, join(rowhouse.folder, 'b.csv')))
    expect((await rowhouse.client.jobs.get(batch)).model.storedModel).toMatchObject({ id: model })
    await ended(rowhouse, batch)
    expect(await said('deployment', 'rm', deployed)).toContain(deployed)
    expect((await rowhouse.client.deployedModels.get(deployed)).state).toBe('UNDEPLOYED')
  })

  it('a deployment to a stage that has it prints the existing id, and sets input and output', async () => {
    const again = await said('deployment', 'create', snapshot, '--stage', 'DEV')
    expect(lastWord(again)).toBe(deployment)
    const set = await said('deployment', 'create', snapshot, '--stage', 'DEV', '--input', input, '--output', 'kept.csv')
    expect(lastWord(set)).toBe(deployment)
    expect(await rowhouse.client.deployedModels.get(deployment)).toMatchObject({
      inputData: [{ fileUrl: `file://${input}` }],
      outputData: [{ fileUrl: `file://${join(rowhouse.folder, 'kept.csv')}` }],
    })
  })

  it('an asset goes into its model once; --force replaces it and keeps its role', async () => {
    const path = join(rowhouse.folder, 'weights.json')
    writeFileSync(path, '{"w":1}')
    await said('asset', 'add', 'counts-records', path, '--weights-file')
    const rows = lines(await said('asset', 'ls', 'counts-records')).map((row) => row.split('\t'))
    expect(rows.find(([, name]) => name === 'weights.json')).toEqual([
      ...[expect.any(String), 'weights.json', 'FILE', 'WEIGHTS_FILE', '7'],
    ])
    expect((await moc('asset', 'add', 'counts-records', path)).code).toBe(5)
    writeFileSync(path, '{"w":2}')
    await said('asset', 'add', 'counts-records', path, '--force')
    expect(await said('model', 'get', 'counts-records', '-o', 'json')).toContain(
      Buffer.from('{"w":2}').toString('base64'),
    )
    expect(await said('asset', 'ls', 'counts-records')).toContain('WEIGHTS_FILE')
    const shown = await moc('model', 'get', 'counts-records')
    expect(shown.stdout).toContain('name: model.py')
    expect(shown.stdout).not.toContain('sourceCode:')
    expect(shown.stderr).toContain('Contents of files are left out; -o yaml and -o json give them')
    expect(await said('model', 'get', 'counts-records', '-o', 'yaml')).toContain('sourceCode:')
  })
})

describe('a job by moc', () => {
  it('takes further members from --file, and a local file above 10 MB goes up to the content store', async () => {
    const more = join(rowhouse.folder, 'more.json')
    writeFileSync(more, JSON.stringify({ jobParameters: { timeoutSeconds: 600, mine: 'x' } }))
    const big = join(rowhouse.folder, 'big.csv')
    writeFileSync(big, `id,x\n${'1,0.5\n'.repeat(1_900_000)}`)
    const id = lastWord(await said('job', 'create', 'deployedbatch', deployment, big, 'big-out.csv', '--file', more))
    const made = await rowhouse.client.jobs.get(id)
    expect(made.jobParameters).toEqual({ timeoutSeconds: 600, mine: 'x' })
    expect(made.inputData).toMatchObject([{ filename: 'big.csv', contentHash: { hexString: expect.any(String) } }])
    expect(made.inputData[0]?.fileContent ?? null).toBeNull()
    const small = (await rowhouse.client.jobs.get(job)).inputData[0]
    expect(Buffer.from(small?.fileContent ?? '', 'base64').toString() || small?.fileContentString).toBe(
      readFileSync(input, 'utf8'),
    )
    await said('job', 'cancel', id)
    await ended(rowhouse, id)
  })

  it('is shown by get, status, logs and output; the logs of a running one are followed to its end', async () => {
    expect(JSON.parse(await said('job', 'get', job, '-o', 'json'))).toMatchObject({ id: job, jobStatus: 'COMPLETE' })
    const [titles = '', row = ''] = lines(await said('job', 'status', job))
    expect([titles.split('\t').length, row.split('\t')[0], row.split('\t').at(-2)]).toEqual([
      ...[row.split('\t').length, job, 'COMPLETE'],
    ])
    expect(lines(await said('job', 'logs', job))).toEqual((await rowhouse.client.jobs.get(job)).jobMessages)
    await said('job', 'output', job, join(rowhouse.folder, 'again.csv'))
    expect(readLines(join(rowhouse.folder, 'again.csv'))).toEqual(readLines(join(rowhouse.folder, 'scores.csv')))
    const slow = await deploy(rowhouse, 'slow')
    const many = writeRows(rowhouse, 'many.csv', 1000)
    const id = lastWord(await said('job', 'create', 'deployedbatch', slow, many, 'slow.csv'))
    await running(rowhouse, id, 0)
    const followed = moc('job', 'logs', id, '--follow')
    await said('job', 'cancel', id, '--reason', 'seen enough')
    expect((await followed).stdout).toContain('seen enough')
    expect(lines((await followed).stdout)).toEqual((await rowhouse.client.jobs.get(id)).jobMessages)
    const again = lastWord(await said('job', 'rerun', job))
    expect(await ended(rowhouse, again)).toMatchObject({ rerunOf: job, jobStatus: 'COMPLETE' })
    const waited = await moc('job', 'rerun', job, '--wait')
    expect(waited.stderr).toContain(`To fetch its output: moc job output ${lastWord(waited.stdout)} <file>`)
  })
})

it('a training job by moc ends well without an output file, and says what it made', async () => {
  const folder = join(rowhouse.folder, 'trains')
  mkdirSync(folder)
  const source = `import { writeFileSync } from 'node:fs'
export function train(rows) { writeFileSync('outputDir/weights.json', JSON.stringify({ n: rows.length })) }`
  writeFileSync(join(folder, 'model.js'), source)
  const model = lastWord(await said('model', 'import', folder))
  const fields = join(rowhouse.folder, 'train.json')
  writeFileSync(fields, '{"jobType": "MODEL_BATCH_TRAINING_JOB"}')
  const input = writeRows(rowhouse, 'train.csv', 3)
  const ran = await moc('job', 'create', 'batchjob', model, input, 'never.json', '--file', fields, '--wait')
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('its additionalAssets are weights.json') })
  expect(await moc('job', 'output', lastWord(ran.stdout))).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(
      /has no content: the job wrote nothing to it; its additionalAssets are weights\.json/,
    ),
  })
})

describe('a process by moc', () => {
  it('is followed from its id to its job and end, and to its incident', async () => {
    const ran = await moc('follow', instance)
    expect(ran.code).toBe(0)
    const [history] =
      (await rowhouse.client.jobHistories.findByRootProcessInstanceId(instance))._embedded.jobHistories ?? []
    expect(ran.stdout + ran.stderr).toContain(history?.jobId)
    expect(existsSync(join(rowhouse.folder, 'by-signal.csv'))).toBe(true)
    const failed = await moc('follow', stuck)
    expect(failed.code).toBe(1)
    expect(failed.stdout + failed.stderr).toContain("'nobody'")
    expect(await said('mlc', 'incidents', stuck)).toContain("'nobody'")
  })

  it('of a diagram that is deployed from a file is triggered by its signal; the instance is the last word', async () => {
    const xml = readFileSync(join(root, 'definitions', 'RunBatchJob.bpmn'), 'utf8')
    const file = join(rowhouse.folder, 'mine.bpmn')
    writeFileSync(file, xml.replaceAll('RunBatchJob', 'Mine').replaceAll('Signals_DEPLOYED_BATCH_JOB', 'Signals_MINE'))
    await said('mlc', 'deploy', file)
    expect(lines(await said('mlc', 'ls')).map((row) => row.split('\t')[1])).toContain('Mine')
    const body = join(rowhouse.folder, 'body.json')
    const variables = { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' }, INPUT_FILE: { value: input } }
    writeFileSync(body, JSON.stringify({ name: 'com.modelop.mlc.definitions.Signals_MINE', variables }))
    const id = lastWord(await said('mlc', 'trigger', '--file', body, '--wait'))
    expect(await rowhouse.client.call('GET', `/mlc-service/rest/history/process-instance/${id}`)).toMatchObject({
      ...{ state: 'COMPLETED', processDefinitionKey: 'Mine' },
    })
  })
})

describe('the configuration', () => {
  it('lies in the config folder of its user, closed to others; the password comes on stdin and is not kept', async () => {
    const home = join(rowhouse.folder, 'config')
    const env = { ROWHOUSE_MOC_CONFIG: '', XDG_CONFIG_HOME: home, ROWHOUSE_MOC_USER: '', ROWHOUSE_MOC_PASSWORD: '' }
    const run = (args: string[], stdin = '') =>
      runProgram('moc', args, { cwd: rowhouse.folder, env: { ...env, APPDATA: home }, stdin })
    const password = 'a-password-of-the-stories'
    const signedIn = await run(['init', rowhouse.url, '--user', 'admin', '--password-stdin'], `${password}\n`)
    expect(signedIn).toMatchObject({ code: 0, stdout: '' })
    const path = join(home, 'moc', 'config.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).not.toContain(password)
    const shown = await run(['show', '-o', 'json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({ gatewayUrl: rowhouse.url, username: 'admin', file: path })
    const before = readFileSync(path, 'utf8')
    expect((await run(['credentials', '--password-stdin'], password)).code).toBe(0)
    expect(readFileSync(path, 'utf8')).not.toBe(before)
    expect((await run(['runtime', 'ls'])).code).toBe(0)
  })
})
