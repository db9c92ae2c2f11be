/** moc that waits: for a person at a terminal, for a job, for a server that comes back. What it made is named, whatever becomes of the wait. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, ended, writeRows } from './deploy.ts'
import { eventually, lastWord, plain, type Ran, type Rowhouse, readLines, root, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let slow: string
let rows: string

beforeAll(async () => {
  rowhouse = await startRowhouse({ env: { ROWHOUSE_TOKEN_ACCESS_SECONDS: '3' } })
  slow = await deploy(rowhouse, 'slow')
  rows = writeRows(rowhouse, 'rows.csv', 100)
})
afterAll(() => rowhouse?.remove())

const bin = join(root, 'packages/moc/bin/moc.mjs')
const configPath = () => join(rowhouse.folder, 'moc-config.json')

/** moc that can be told things while it runs; it signs in with what it remembers, not by its environment. */
function startMoc(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: rowhouse.folder,
    env: { ...process.env, ...plain, ROWHOUSE_MOC_CONFIG: configPath() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text
  })
  const done = new Promise<Ran>((settle) => child.once('close', (code) => settle({ ...ran, code })))
  const hasSaid = (words: RegExp) => eventually(String(words), async () => words.exec(ran.stderr) ?? undefined)
  return { child, done, hasSaid }
}

const startJob = (input: string, output: string, ...more: string[]) =>
  startMoc('job', 'create', 'deployedbatch', slow, input, output, '--wait', ...more)

describe('a wait for a job', () => {
  it('outlives its access token, which is renewed and remembered', async () => {
    const before = readFileSync(configPath(), 'utf8')
    const ran = await startJob(rows, 'renewed.csv').done
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Job \S+\n$/) })
    expect(readLines(join(rowhouse.folder, 'renewed.csv'))).toHaveLength(101)
    expect(readFileSync(configPath(), 'utf8')).not.toBe(before)
  })

  it('outlives the death of the server, and says when it is away and back', async () => {
    const { done, hasSaid } = startJob(rows, 'survived.csv')
    await hasSaid(/RUNNING/)
    process.kill(await rowhouse.findPid('server'), 'SIGKILL')
    const ran = await done
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(
      /(does not answer|broke off) .*; looking again for 5 minutes\nThe server answers again\n/,
    )
    expect(readLines(join(rowhouse.folder, 'survived.csv'))).toHaveLength(101)
  })

  it('that is interrupted is 130; the job goes on, and it says so', async () => {
    const { child, done, hasSaid } = startJob(rows, 'interrupted.csv')
    const [, jobId = ''] = await hasSaid(/Created job (\S+)\n[\s\S]*RUNNING/)
    child.kill('SIGINT')
    const ran = await done
    expect(ran.code).toBe(130)
    expect(ran.stderr).toContain(`Job ${jobId} goes on. See: moc job status ${jobId}`)
    expect(await ended(rowhouse, jobId)).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
  })

  it('that takes too long is 124, with the id of the job on stdout', async () => {
    const ran = await startJob(rows, 'late.csv', '--timeout', '1').done
    expect(ran).toMatchObject({ code: 124, stdout: expect.stringMatching(/^Job \S+\n$/) })
    expect(await rowhouse.client.jobs.cancel(lastWord(ran.stdout))).toMatchObject({ id: lastWord(ran.stdout) })
    await ended(rowhouse, lastWord(ran.stdout))
  })
})

it('a wait for a process that is interrupted says that the process and its job go on', async () => {
  const variables = { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' }, INPUT_FILE: { value: rows } }
  const body = { name: 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB', variables }
  writeFileSync(join(rowhouse.folder, 'trigger.json'), JSON.stringify(body))
  const { child, done, hasSaid } = startMoc('mlc', 'trigger', '--file', 'trigger.json', '--wait')
  const [, instance = '', jobId = ''] = await hasSaid(/Started process instance (\S+)\nJob (\S+)\n[\s\S]*RUNNING/)
  child.kill('SIGINT')
  const ran = await done
  expect(ran.code).toBe(130)
  expect(ran.stderr).toContain(`Job ${jobId} goes on`)
  expect(ran.stderr).toContain(`Process instance ${instance} goes on. See: moc follow ${instance}`)
  await ended(rowhouse, jobId)
})

it('a large file goes up with an outdated access token, and from several programs at once', async () => {
  const big = join(rowhouse.folder, 'big.csv')
  writeFileSync(big, `id,x\n${'1,0.5\n'.repeat(1_900_000)}`)
  const outdate = { ...JSON.parse(readFileSync(configPath(), 'utf8')), accessToken: 'outdated' }
  writeFileSync(configPath(), JSON.stringify(outdate))
  const all = await Promise.all(
    Array.from({ length: 3 }, () => startMoc('job', 'create', 'deployedbatch', slow, big, 'big-out.csv').done),
  )
  const sha256 = createHash('sha256').update(readFileSync(big)).digest('hex')
  for (const ran of all) {
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const job = await rowhouse.client.jobs.cancel(lastWord(ran.stdout))
    expect(job.inputData).toMatchObject([{ contentHash: { hexString: sha256 } }])
  }
  expect(JSON.parse(readFileSync(configPath(), 'utf8'))).toMatchObject({ gatewayUrl: rowhouse.url, username: 'admin' })
})

describe('a person at a terminal', () => {
  /** Types each answer when its question is there; prints what stood on the terminal, and ends as moc did. */
  const typist = `
import json, os, pty, sys
answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b''
while True:
    try:
        seen += os.read(terminal, 65536)
    except OSError:
        break
    if answers and answers[0][0].encode() in seen:
        sys.stdout.write(seen.decode())
        seen = b''
        os.write(terminal, answers.pop(0)[1].encode())
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
  const config = () => join(rowhouse.folder, 'typed', 'config.json')
  function type(answers: [string, string][], ...args: string[]) {
    const program = ['-c', typist, JSON.stringify(answers), process.execPath, bin, ...args]
    const env = { ...process.env, ROWHOUSE_MOC_CONFIG: config(), ROWHOUSE_MOC_USER: '', ROWHOUSE_MOC_PASSWORD: '' }
    return spawnSync('python3', program, { encoding: 'utf8', env })
  }

  it.each([
    ['carriage return', '\r'],
    ['line feed', '\n'],
  ])('is asked for user and password, ended by a %s; the password is neither shown nor kept', (_, enter) => {
    const password = 'a-password-of-the-stories'
    const ran = type(
      [['Username', `admin${enter}`], ...[['Password', password + enter] as [string, string]]],
      'init',
      rowhouse.url,
    )
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining(`Signed in to ${rowhouse.url} as admin.`) })
    expect(ran.stdout).not.toContain(password)
    expect(readFileSync(config(), 'utf8')).not.toContain(password)
  })

  it('is told the usual user name when signing in again', () => {
    const ran = type(
      [
        ['Username (admin)', '\n'],
        ['Password', 'a-password-of-the-stories\n'],
      ],
      'credentials',
    )
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining('as admin.') })
  })

  it('who answers nothing is 2, who types Ctrl-C is 130; both change nothing', () => {
    const before = readFileSync(config(), 'utf8')
    expect(
      type(
        [
          ['Username', '\n'],
          ['Password', '\n'],
        ],
        'init',
        rowhouse.url,
      ),
    ).toMatchObject({ status: 2 })
    expect(
      type(
        [
          ['Username', 'admin\n'],
          ['Password', 'half\u0003'],
        ],
        'init',
        rowhouse.url,
      ),
    ).toMatchObject({ status: 130 })
    expect(readFileSync(config(), 'utf8')).toBe(before)
  })
})
