import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, startMark } from '@rowhouse/postgres/embedded'

/** Children of a start that was killed may still be at their farewell when the next one begins. */
export interface Leftovers {
  /** Remembers a child on disk. */
  note(name: string, pid: number | undefined): void
  /** Ends what an earlier start left behind. */
  clear(log: (line: string) => void): Promise<void>
}

type Noted = Record<string, { pid: number; start: string }>

const patienceMs = 3_000

export function openLeftovers(dataDir: string): Leftovers {
  const file = join(dataDir, 'children.json')
  const noted: Noted = {}
  return {
    note(name, pid) {
      if (pid === undefined) return
      noted[name] = { pid, start: startMark(pid) }
      writeFileSync(file, JSON.stringify(noted), { mode: 0o600 })
    },
    async clear(log) {
      await Promise.all(
        Object.entries(readNoted(file)).map(async ([name, { pid, start }]) => {
          const isThere = () => isAlive(pid) && startMark(pid) === start
          if (!isThere()) return
          log(`the ${name} of an earlier start (process ${pid}) is still there: ending it`)
          process.kill(pid, 'SIGTERM')
          const until = Date.now() + patienceMs
          while (isThere() && Date.now() < until) await sleep(20)
          if (!isThere()) return
          process.kill(pid, 'SIGKILL')
          while (isThere()) await sleep(20)
        }),
      )
    },
  }
}

function readNoted(file: string): Noted {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Noted) : {}
  } catch {
    return {}
  }
}
