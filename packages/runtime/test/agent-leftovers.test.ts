import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { claimWorkFolder, noteLeftover, startedWhenNoted } from '../src/agent-leftovers.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** The work folder of an agent that is dead, with one attempt in it. */
function deadAgent(dead = spawnSync(process.execPath, ['-e', '']).pid) {
  const workDir = mkdtempSync(join(tmpdir(), 'rowhouse-leftovers-'))
  folders.push(workDir)
  const attempt = join(workDir, `agent-${dead}`, 'batch-j1-1')
  mkdirSync(join(attempt, 'playground'), { recursive: true })
  return { workDir, attempt }
}

it('the next agent removes side files, whatever else of the notes a death cut off', async () => {
  const { workDir, attempt } = deadAgent()
  const sideFiles = ['.a.csv.j1-1.part', '.b.csv.j1-1.part'].map((name) => join(workDir, name))
  for (const sideFile of sideFiles) {
    noteLeftover(attempt, { sideFile })
    writeFileSync(sideFile, 'half')
  }
  const other = join(workDir, 'kept.csv')
  writeFileSync(other, 'whole')
  noteLeftover(attempt, { sideFile: other })
  writeFileSync(join(attempt, 'leftovers.jsonl'), '{"pid": 12', { flag: 'a' })
  const own = await claimWorkFolder(workDir, () => undefined)
  expect(sideFiles.filter((path) => existsSync(path))).toEqual([])
  expect(existsSync(other)).toBe(true)
  expect(readdirSync(workDir).filter((name) => name.startsWith('agent-'))).toEqual([own.slice(workDir.length + 1)])
})

it.skipIf(process.platform !== 'linux')('an agent that nobody has collected since its death is dead', async () => {
  const collectsNobody = 'import os, time; pid = os.fork() or os._exit(0); print(pid, flush=True); time.sleep(60)'
  const parent = spawn('python3', ['-c', collectsNobody], { stdio: ['ignore', 'pipe', 'ignore'] })
  const pid = await new Promise<number>((told) => parent.stdout.once('data', (text) => told(Number(text))))
  const state = () => readFileSync(`/proc/${pid}/stat`, 'utf8')
  await expect.poll(state).toMatch(/\) Z /)
  const { workDir, attempt } = deadAgent(pid)
  await claimWorkFolder(workDir, () => undefined)
  expect(existsSync(attempt)).toBe(false)
  parent.kill('SIGKILL')
})

/** A process that leads a group of its own, as a model's does. */
async function start(cwd: string, detached = true) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { cwd, detached, stdio: 'ignore' })
  const at = Date.now()
  const ended = new Promise((done) => child.once('exit', (_, signal) => done(signal)))
  await new Promise((done) => child.once('spawn', done))
  return { child, pid: child.pid ?? 0, at, ended }
}

it('and ends a model that still runs in the playground, no other process', async () => {
  const { workDir, attempt } = deadAgent()
  const [model, stranger] = await Promise.all([start(join(attempt, 'playground')), start(workDir)])
  // What has the number of a process that was noted an hour ago is another one.
  const anHourAgo = { pid: stranger.pid, at: Date.now() - 3_600_000 }
  writeFileSync(join(attempt, 'leftovers.jsonl'), `${JSON.stringify(anHourAgo)}\n`)
  noteLeftover(attempt, { pid: model.pid })
  await claimWorkFolder(workDir, () => undefined)
  expect(await model.ended).toBe('SIGKILL')
  expect(stranger.child.exitCode).toBeNull()
  stranger.child.kill('SIGKILL')
  await stranger.ended
})

/** A slim Debian has none, and has no need of it. */
const hasPs = spawnSync('ps', ['-p', String(process.pid)]).error === undefined

it.skipIf(process.platform === 'linux' && !hasPs)(
  'where there is no /proc, a process is known by its start, its user and its group',
  async () => {
    const { workDir } = deadAgent()
    const [{ child, pid, at, ended }, member] = await Promise.all([start(workDir), start(workDir, false)])
    expect(await startedWhenNoted({ pid, at })).toBe(true)
    expect(await startedWhenNoted({ pid, at: at - 10_000 })).toBe(false)
    expect(await startedWhenNoted({ pid, at: at + 10_000 })).toBe(false)
    expect(await startedWhenNoted({ pid, at: Number.NaN })).toBe(false)
    expect(await startedWhenNoted({ pid: member.pid, at })).toBe(false)
    member.child.kill('SIGKILL')
    child.kill('SIGKILL')
    await ended
    expect(await startedWhenNoted({ pid, at })).toBe(false)
  },
)

it.each(['/proc/rowhouse', join(import.meta.filename, 'below-a-file')])(
  'a work folder that cannot be, %s, is one sentence',
  async (workDir) => {
    await expect(claimWorkFolder(workDir, () => undefined)).rejects.toThrow(
      `The work folder ${workDir} cannot be used (`,
    )
  },
)
