/** The program itself: flags, tokens, signals, a parent that dies, and what a killed agent leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isAlive } from '../src/agent-leftovers.ts'
import { cards, external, jobOf } from './agent-fixture.ts'
import { type GatewayFixture, startGateway } from './gateway-fixture.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let folder: string
let gateway: GatewayFixture
const children: { child: ChildProcess; exited: Promise<number | null> }[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowhouse-program-'))
  gateway = await startGateway({ token: 'runtime-token' })
  await writeFile(join(folder, 'token'), 'runtime-token\n')
  await writeFile(join(folder, 'in.csv'), cards(3))
})
afterEach(async () => {
  for (const { child, exited } of children.splice(0)) {
    child.kill('SIGKILL')
    await exited
  }
  await gateway.close()
  await rm(folder, { recursive: true, force: true })
})

interface Program {
  child: ChildProcess
  stderr: () => string
  exited: Promise<number | null>
}

function startProgram(args: string[] = [], defaults = true, launcher: string[] = []): Program {
  const usual = [
    '--gateway',
    gateway.url,
    '--name',
    'engine-1',
    '--token-file',
    join(folder, 'token'),
    '--files',
    folder,
  ]
  const flags = defaults ? [...usual, '--work-dir', join(folder, 'work'), ...args] : args
  const [program = process.execPath, ...before] = [...launcher, process.execPath]
  const child = spawn(program, [...before, '--conditions=source', main, ...flags], { stdio: 'pipe', cwd: folder })
  const exited = keep(child)
  let stderr = ''
  child.stderr?.on('data', (piece) => {
    stderr += piece
  })
  return { child, stderr: () => stderr, exited }
}

/** Settles when all it said has been heard, too. */
function keep(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'close').then(([code]) => code as number | null)
  children.push({ child, exited })
  return exited
}

const files = { inputData: [external('in.csv')], outputData: [external('out.csv')] }
const runs = (jobId: string) => () =>
  (gateway.jobs.get(jobId)?.messages ?? []).some((line) => line.includes('state changes to RUNNING'))

it('a folder of --files that is not there is told at the start', async () => {
  const { stderr } = startProgram(['--files', join(folder, 'nowhere'), '--files', join(folder, 'token', 'below')])
  await gateway.until('the runtime to register', () => stderr().includes('registered with'))
  expect(stderr()).toContain(`--files ${join(folder, 'nowhere')} is no folder here: jobs that name files below it fail`)
  expect(stderr()).not.toContain(`--files ${folder} is`)
})

it('one Ctrl-C that arrives twice, from the terminal and from npm, hands the job back all the same', async () => {
  const { child, exited } = startProgram()
  const jobId = gateway.addJob(await jobOf('sleeps-forever.py', files))
  await gateway.until('the model to run', runs(jobId))
  // of two SIGINT at once the system may make one
  child.kill('SIGINT')
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(gateway.jobs.get(jobId)).toMatchObject({ released: ['runtime engine-1 stops'] })
})

it('registers with its stage among the tags, proves itself with its token, runs a job and drains on SIGTERM', async () => {
  const { child, stderr, exited } = startProgram(['--stage', 'DEV', '--tag', 'cc-fraud'])
  const done = gateway.addJob(await jobOf('adds-score.py', files))
  expect((await gateway.ended(done)).finish?.jobStatus).toBe('COMPLETE')
  const jobId = gateway.addJob(await jobOf('sleeps-forever.py', files))
  await gateway.until('the model to run', runs(jobId))
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  expect(gateway.registrations[0]).toMatchObject({
    name: 'engine-1',
    stage: 'DEV',
    initialTags: ['DEV', 'cc-fraud'],
    capabilities: { languages: expect.arrayContaining(['PYTHON']) },
  })
  expect(gateway.jobs.get(jobId)?.released).toEqual(['runtime engine-1 stops'])
  expect(gateway.unregistered).toBe(1)
  expect(stderr()).toContain('runtime engine-1: asked to stop (SIGTERM)')
  expect([...gateway.tokens]).toEqual(['Bearer runtime-token'])
  expect((await readdir(folder)).sort()).toEqual(['in.csv', 'out.csv', 'token', 'work'])
})

it('goes when its parent goes', async () => {
  const { child, exited, stderr } = startProgram(['--exit-with-parent'])
  await gateway.until('the registration', () => gateway.registrations.length === 1)
  child.stdin?.end()
  expect(await exited).toBe(0)
  expect(stderr()).toContain('the parent process is gone')
})

it('a wrong token ends it at once with what to do', async () => {
  await writeFile(join(folder, 'token'), 'stale')
  const { exited, stderr } = startProgram()
  expect(await exited).toBe(4)
  expect(stderr()).toContain('no valid token')
})

it('a token that is renewed on disk is read again', async () => {
  const { exited, child } = startProgram()
  await gateway.until('the registration', () => gateway.registrations.length === 1)
  await writeFile(join(folder, 'token'), 'second-token')
  gateway.changeToken('second-token')
  const jobId = gateway.addJob(await jobOf('adds-score.py', files))
  expect((await gateway.ended(jobId)).finish?.jobStatus).toBe('COMPLETE')
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})

it.each([
  [['--gateway', 'nonsense'], 2, /is not a URL/],
  [
    ['--gateway', 'http://127.0.0.1:1', '--python', '/nowhere/python'],
    2,
    /--python '\/nowhere\/python' cannot be used as Python: there is no such program/,
  ],
  [
    ['--gateway', 'http://127.0.0.1:1', '--token-file', '/nowhere/token'],
    2,
    /--token-file \/nowhere\/token cannot be read/,
  ],
])('settings that cannot work are told in one sentence: %j', async (args, code, message) => {
  const { exited, stderr } = startProgram(args, false)
  expect(await exited).toBe(code)
  expect(stderr()).toMatch(message)
})

it('after kill -9 of the agent its model ends and the next agent removes what it left', async () => {
  // given an agent that dies while a model that never speaks runs
  const first = startProgram()
  const jobId = gateway.addJob(await jobOf('ignores-sigterm.py', files))
  const pidTold = () =>
    /MODEL-CONSOLE: ignoring as (\d+)/.exec((gateway.jobs.get(jobId)?.messages ?? []).join('\n'))?.[1]
  await gateway.until('the model to run', () => pidTold() !== undefined)
  expect((await readdir(folder)).some((name) => name.endsWith('.part'))).toBe(true)
  first.child.kill('SIGKILL')
  await first.exited

  // when
  startProgram()
  await gateway.until('the second registration', () => gateway.registrations.length === 2)

  // then
  await gateway.until('the end of the model', () => !isAlive(Number(pidTold())))
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  expect((await readdir(join(folder, 'work'))).filter((name) => name.startsWith('agent-'))).toHaveLength(1)
})

it('a disk that takes no more ends the job with nothing half-written', async () => {
  // given a limit on the size of files, which hits like a full disk
  const flags = [
    '--gateway',
    gateway.url,
    '--name',
    'engine-1',
    '--token-file',
    join(folder, 'token'),
    '--files',
    folder,
  ]
  const command = `ulimit -f 1000; exec "$0" "$@"`
  const program = [process.execPath, '--conditions=source', main, ...flags, '--work-dir', join(folder, 'work')]
  void keep(spawn('sh', ['-c', command, ...program], { stdio: 'ignore' }))

  // when
  const big = { inputData: [external('in.csv')], outputData: [external('out.json')] }
  const job = await gateway.ended(gateway.addJob(await jobOf('fills-the-disk.py', big)))

  // then
  expect(job.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
  expect(job.finish?.outcome).toMatch(/^could not write its output: .*File too large/)
  expect((await readdir(folder)).sort()).toEqual(['in.csv', 'token', 'work'])
})

describe('files that its user may not touch', () => {
  // Root may touch everything by CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (linux/capability.h): it gives them up, and is then held to the
  // modes of its files like anybody else. Another user could not even read the program where the checkout is closed to others.
  const giveUp =
    'import ctypes, os, sys; [ctypes.CDLL(None).prctl(24, cap, 0, 0, 0) and sys.exit("prctl") for cap in (1, 2)]; os.execv(sys.argv[1], sys.argv[1:])'
  const asAnyone = process.getuid?.() === 0 ? ['python3', '-c', giveUp] : []

  beforeEach(async () => {
    await mkdir(join(folder, 'locked'))
    await writeFile(join(folder, 'secret.csv'), cards(3))
    await chmod(join(folder, 'secret.csv'), 0)
    await chmod(join(folder, 'locked'), 0o555)
  })
  afterEach(() => chmod(join(folder, 'locked'), 0o755))

  it.each([
    ['secret.csv', 'out.csv', "Input 'secret.csv' may not be read by the runtime's user: change its permissions"],
    ['in.csv', 'locked/out.csv', /^Output 'locked\/out\.csv': the runtime's user may not write in '.*locked'$/],
  ])('input %s, output %s: told in one sentence', async (input, output, outcome) => {
    startProgram([], true, asAnyone)
    const job = await jobOf('adds-score.py', { inputData: [external(input)], outputData: [external(output)] })
    const ended = await gateway.ended(gateway.addJob(job))
    expect(ended.finish).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(ended.finish?.outcome).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome))
  })
})
