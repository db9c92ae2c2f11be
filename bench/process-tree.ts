/** Runs a program and watches the memory and the processor time of it and all its descendants. */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Watched {
  /** What the program printed as `seconds N`, else from its start to its end. */
  seconds: number
  /** Of the whole tree, less what the program printed as `own-start N`; unlike the wall it hardly depends on what else the machine does. */
  cpuSeconds: number
  /** Largest sum of the resident memory of the whole tree, of samples 25 ms apart. */
  peakMb: number
}

const sampleMs = 25

export async function watchProgram(program: string, args: readonly string[]): Promise<Watched> {
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  let peakKb = 0
  let cpuSeconds = 0
  const sampler = setInterval(() => {
    const tree = child.pid === undefined ? { kb: 0, cpuSeconds: 0 } : measureTree(child.pid)
    peakKb = Math.max(peakKb, tree.kb)
    cpuSeconds = Math.max(cpuSeconds, tree.cpuSeconds)
  }, sampleMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearInterval(sampler)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  const told = (name: string) => {
    const value = new RegExp(`^${name} ([\\d.]+)$`, 'm').exec(printed)?.[1]
    return value === undefined ? null : Number(value)
  }
  return {
    seconds: told('seconds') ?? (performance.now() - startedAt) / 1000,
    cpuSeconds: cpuSeconds - (told('own-start') ?? 0),
    peakMb: peakKb / 1024,
  }
}

interface Process {
  pid: number
  parent: number
  kb: number
  /** Its own and that of its ended children. */
  cpuSeconds: number
}

function measureTree(root: number): { kb: number; cpuSeconds: number } {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  const inTree = new Set([root])
  // A child's number is nearly always above its parent's; twice over is enough for those that are not.
  for (let turn = 0; turn < 2; turn += 1) for (const { pid, parent } of all) if (inTree.has(parent)) inTree.add(pid)
  const tree = all.filter(({ pid }) => inTree.has(pid))
  return {
    kb: tree.reduce((sum, { kb }) => sum + kb, 0),
    cpuSeconds: tree.reduce((sum, one) => sum + one.cpuSeconds, 0),
  }
}

/** Linux counts in hundredths of a second and, nearly everywhere, in pages of 4 KiB. */
const ticksPerSecond = 100
const pageKb = 4

function fromProc(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name in brackets may hold blanks; what follows it is state, parent, …
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
      const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0)
      const kb = (fields[21] ?? 0) * pageKb
      found.push({ pid: Number(name), parent: fields[1] ?? 0, kb, cpuSeconds: ticks / ticksPerSecond })
    } catch {
      // It has ended.
    }
  }
  return found
}

function fromPs(): Process[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, parent, kb, time = ''] = line.trim().split(/\s+/)
    const cpuSeconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0)
    return { pid: Number(pid), parent: Number(parent), kb: Number(kb), cpuSeconds }
  })
}
