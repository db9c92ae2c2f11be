import { spawnSync } from 'node:child_process'
import { closeSync, createReadStream, existsSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Folder, root, Stop, upLine } from './prepare.ts'
import { makeShell, type Shell } from './shell.ts'

interface Setting {
  folder: Folder
  url: string
  port: string
  rows: number
  /** Rowhouse stops afterwards. */
  once: boolean
  signal: AbortSignal
}

interface Job {
  id: string
  jobStatus: string
  jobResult: string
  outcome?: string | null
  jobMessages: string[]
  targetEngine?: { name?: string }
  progress?: {
    recordsIn: number
    recordsOut: number
    recordsRejected: number
    recordsTotal?: number
    recordsPerSecond?: number
  }
  outputData: { fileUrl?: string }[]
}

const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'
const body = (stage: string) => ({
  name: signal,
  variables: { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: stage } },
})

export async function tellStory(setting: Setting): Promise<void> {
  const shell = makeShell(setting.url, setting.folder, setting.signal)
  const input = makeTransactions(setting, shell)
  await signIn(setting, shell)
  await deployModel(setting, shell, input)
  await triggerByRest(shell)
  await triggerByFile(setting, shell)
  await triggerByDeployment(setting, shell, input)
  await triggerInVain(shell)
  whereToLook(setting, shell)
}

/** The same seed gives the same file; one that is there with the same number of rows is used again. */
function makeTransactions({ folder, rows }: Setting, shell: Shell): string {
  const file = join(folder.files, `transactions-${rows}.csv`)
  shell.heading(`A day of card transactions: ${rows.toLocaleString('en-US')} rows`)
  shell.print(`$ python3 models/cc-fraud/make_transactions.py --rows ${rows} --seed 7 > ${relative(root, file)}`)
  if (existsSync(file)) {
    shell.print('(made by an earlier run)')
    return file
  }
  const beside = `${file}.part`
  const out = openSync(beside, 'w')
  const python = process.platform === 'win32' ? 'python' : 'python3'
  const made = spawnSync(python, ['models/cc-fraud/make_transactions.py', '--rows', String(rows), '--seed', '7'], {
    cwd: root,
    stdio: ['ignore', out, 'inherit'],
  })
  closeSync(out)
  if (made.status !== 0) throw new Stop('The transactions could not be made (see above)')
  renameSync(beside, file)
  return file
}

async function signIn({ folder, url }: Setting, shell: Shell): Promise<void> {
  const password = { file: relative(root, folder.passwordFile), text: folder.password }
  shell.heading('Sign in')
  shell.print(exportLine(folder))
  await shell.moc(['init', url, '--user', folder.username, '--password-stdin'], password)
  await shell.signIn(folder.username, password)
}

function exportLine(folder: Folder): string {
  return `$ export ROWHOUSE_MOC_CONFIG=${relative(root, folder.mocConfig)}`
}

async function deployModel({ folder }: Setting, shell: Shell, input: string): Promise<void> {
  shell.heading('Register the model, snapshot it with its service tag, deploy it as batch to DEV')
  const known = await findModels(shell)
  if (!known.includes('cc-fraud')) await shell.moc(['model', 'import', 'models/cc-fraud'])
  let [snapshot] = await findSnapshots(shell)
  if (snapshot === undefined) {
    await shell.moc(['snapshot', 'create', 'cc-fraud', '--tag', 'cc-fraud'])
    ;[snapshot = ''] = await findSnapshots(shell)
  } else {
    await shell.moc(['snapshot', 'ls', 'cc-fraud'])
    shell.print('(registered by an earlier run)')
  }
  const output = join(relative(root, folder.files), 'scores-{jobId}.csv')
  const files = ['--input', relative(root, input), '--output', output]
  await shell.moc(['deployment', 'create', snapshot, '--stage', 'DEV', ...files])
  await shell.moc(['runtime', 'ls', '--stage', 'DEV'])
  await shell.moc(['mlc', 'ls'])
}

async function findModels(shell: Shell): Promise<(string | undefined)[]> {
  return (await shell.ask(['model', 'ls'])).split('\n').map((line) => line.split('\t')[1])
}

/** Ids, the newest first. */
async function findSnapshots(shell: Shell): Promise<string[]> {
  return (await shell.ask(['snapshot', 'ls', 'cc-fraud', '-q'])).split('\n').filter((id) => id !== '')
}

async function triggerByRest(shell: Shell): Promise<void> {
  shell.heading('Trigger A: REST')
  const started = await shell.curl<{ processInstanceId: string }>({
    path: '/mlc-service/rest/signalResponsive',
    body: body('DEV'),
    show: (answer) => `{"processInstanceId": "${answer.processInstanceId}", …}`,
  })
  const search = `/model-manage/api/jobHistories/search/findAllByJobMLCS_ProcessInstanceRootProcessInstanceId?processInstanceId=${started.processInstanceId}`
  const jobId = await waitFor('job', async () => (await shell.look<Histories>(search))._embedded.jobHistories[0]?.jobId)
  await shell.curl<Histories>({
    path: search,
    show: (found) => `{"_embedded": {"jobHistories": [{"jobId": "${found._embedded.jobHistories[0]?.jobId}", …}]}}`,
  })
  const job = await showProgress(shell, jobId)
  await shell.curl<Job>({
    path: `/model-manage/api/jobs/${jobId}`,
    show: (found) => `{"jobStatus": "${found.jobStatus}", "jobResult": "${found.jobResult}", …}`,
  })
  if (job.jobStatus !== 'COMPLETE') {
    throw new Stop(`The job ended in ${job.jobStatus}: ${job.outcome ?? ''}\n${job.jobMessages.slice(-12).join('\n')}`)
  }
  await showOutput(shell, job)
}

async function triggerByFile({ folder }: Setting, shell: Shell): Promise<void> {
  shell.heading('Trigger B: the same signal from the command line')
  const file = join(folder.files, 'trigger.json')
  writeFileSync(file, `${JSON.stringify(body('DEV'), null, 2)}\n`)
  await shell.moc(['mlc', 'trigger', '--file', relative(root, file), '--wait'])
}

async function triggerByDeployment({ folder }: Setting, shell: Shell, input: string): Promise<void> {
  shell.heading('Trigger C: a job on the deployment, without a process')
  const list = ['deployment', 'ls', 'cc-fraud', '--state', 'deployed', '--tag', 'DEV']
  await shell.moc(list)
  const [id = ''] = (await shell.ask([...list, '-q'])).split('\n')
  if (id === '') throw new Stop('The deployment is not listed')
  const output = relative(root, join(folder.files, 'scores-by-moc.csv'))
  await shell.moc(['job', 'create', 'deployedbatch', id, relative(root, input), output, '--wait'])
}

async function triggerInVain(shell: Shell): Promise<void> {
  shell.heading('And when it cannot run: nothing is deployed to PROD')
  const started = await shell.curl<{ processInstanceId: string }>({
    path: '/mlc-service/rest/signalResponsive',
    body: body('PROD'),
    show: (answer) => `{"processInstanceId": "${answer.processInstanceId}", …}`,
  })
  const path = `/mlc-service/rest/incident?processInstanceId=${started.processInstanceId}`
  await waitFor('incident', async () => (await shell.look<Incident[]>(path))[0])
  await shell.curl<Incident[]>({
    path,
    show: ([incident]) =>
      `[{"activityId": "${incident?.activityId}", "incidentMessage": "${incident?.incidentMessage}", …}]`,
  })
}

function whereToLook({ folder, url, port, once }: Setting, shell: Shell): void {
  shell.heading('Where to look next')
  if (once) shell.print(`  ${upLine(folder, port)}   starts this Rowhouse again`)
  shell.print(`  In another terminal, in this folder, after  ${exportLine(folder).slice(2)}`)
  shell.print('    npx moc job ls               the jobs so far')
  shell.print('    npx moc --help               every command')
  shell.print(`  ${`${url}/docs`.padEnd(30)} the REST API`)
  shell.print('  docs/                          the manual')
  shell.print('  definitions/RunBatchJob.bpmn   the process that ran, for any BPMN modeler')
}

async function showProgress(shell: Shell, jobId: string): Promise<Job> {
  for (;;) {
    const job = await shell.look<Job>(`/model-manage/api/jobs/${jobId}`)
    const ended = ['COMPLETE', 'ERROR', 'CANCELLED'].includes(job.jobStatus)
    drawBar(job, ended)
    if (ended) return job
    await pause(100)
  }
}

function drawBar(job: Job, ended: boolean): void {
  const done = job.progress?.recordsIn ?? 0
  const total = job.progress?.recordsTotal ?? done
  const part = total === 0 ? (ended ? 1 : 0) : done / total
  const line = `${job.jobStatus.padEnd(8)} [${'█'.repeat(Math.round(part * 30)).padEnd(30, '░')}] ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} rows`
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}${ended ? '\n' : ''}`)
  else if (ended) process.stdout.write(`${line}\n`)
}

async function showOutput(shell: Shell, job: Job): Promise<void> {
  const url = job.outputData[0]?.fileUrl
  if (url === undefined) throw new Stop('The job names no output file')
  const path = fileURLToPath(url)
  shell.print(`$ head -5 ${relative(root, path)}`)
  let shown = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    shell.print(line)
    shown += 1
    if (shown === 5) break
  }
  const progress = job.progress
  if (progress === undefined) throw new Stop('The job has no counts')
  const speed = Math.round(progress.recordsPerSecond ?? 0).toLocaleString('en-US')
  shell.print(
    `Rows in ${progress.recordsIn.toLocaleString('en-US')}, scored ${progress.recordsOut.toLocaleString('en-US')}, rejected ${progress.recordsRejected.toLocaleString('en-US')}, ${speed} rows/s on ${job.targetEngine?.name ?? 'a runtime'}`,
  )
}

/** Looks every tenth of a second for up to half a minute. */
async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let times = 0; times < 300; times += 1) {
    const found = await look()
    if (found !== undefined) return found
    await pause(100)
  }
  throw new Stop(`No ${what} came to be within 30 s`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

interface Histories {
  _embedded: { jobHistories: { jobId: string }[] }
}

interface Incident {
  activityId: string
  incidentMessage: string
}
