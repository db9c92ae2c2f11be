/** Runs a program and watches the memory of it and all its descendants. */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Watched {
  seconds: number
  /** Largest sum of the resident memory of the whole tree, of samples 25 ms apart. */
  peakMb: number
}

const sampleMs = 25

export async function watchProgram(program: string, args: readonly string[]): Promise<Watched> {
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  let peakKb = 0
  const sampler = setInterval(() => {
    if (child.pid !== undefined) peakKb = Math.max(peakKb, treeKb(child.pid))
  }, sampleMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  clearInterval(sampler)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - startedAt) / 1000, peakMb: peakKb / 1024 }
}

interface Process {
  pid: number
  parent: number
  kb: number
}

function treeKb(root: number): number {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  const inTree = new Set([root])
  // A child's number is nearly always above its parent's; twice over is enough for those that are not.
  for (let turn = 0; turn < 2; turn += 1) for (const { pid, parent } of all) if (inTree.has(parent)) inTree.add(pid)
  return all.reduce((sum, { pid, kb }) => (inTree.has(pid) ? sum + kb : sum), 0)
}

function fromProc(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      found.push({ pid: Number(name), parent: field(status, 'PPid'), kb: field(status, 'VmRSS') })
    } catch {
      // It has ended.
    }
  }
  return found
}

const field = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)

function fromPs(): Process[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid = 0, parent = 0, kb = 0] = line.trim().split(/\s+/).map(Number)
    return { pid, parent, kb }
  })
}
