import { expect, test } from 'vitest'
import { type End, keep, type Life } from './keep.ts'

function part(): { life: Life; beReady(): void; end(end: End): void } {
  let beReady: () => void = () => undefined
  let end: (end: End) => void = () => undefined
  const ready = new Promise<void>((settle) => {
    beReady = settle
  })
  const ended = new Promise<End>((settle) => {
    end = settle
  })
  const stop = async () => end({ how: 'stopped' })
  return { life: { pid: 1, ready, ended, stop, kill: () => end({ how: 'killed' }) }, beReady, end }
}

test('a part that dies after it was ready is started again, until it is stopped', async () => {
  const lives: ReturnType<typeof part>[] = []
  const said: string[] = []
  const kept = keep({
    name: 'server',
    log: (line) => said.push(line),
    start: () => {
      const next = part()
      lives.push(next)
      return next.life
    },
  })
  lives[0]?.beReady()
  await kept.ready
  lives[0]?.end({ how: 'killed by SIGKILL' })
  await expect.poll(() => lives.length).toBe(2)
  lives[1]?.beReady()
  await expect.poll(() => said).toEqual(['server ended (killed by SIGKILL); starting it again', 'server is back'])
  await kept.stop()
  expect(lives).toHaveLength(2)
})

test('a part that cannot start at first is told with its reason, and not tried for ever', async () => {
  let starts = 0
  const kept = keep({
    name: 'server',
    log: () => undefined,
    patience: 2,
    start: () => {
      starts++
      const { life, end } = part()
      end({ how: 'exit code 1', reason: 'no room' })
      return life
    },
  })
  await expect(kept.ready).rejects.toThrow('no room')
  expect(starts).toBe(3)
  await kept.stop()
})

test('a final end is not tried again before the first success', async () => {
  let starts = 0
  const kept = keep({
    name: 'server',
    log: () => undefined,
    patience: 5,
    start: () => {
      starts++
      const { life, end } = part()
      end({ how: 'exit code 2', isFinal: true })
      return life
    },
  })
  await expect(kept.ready).rejects.toThrow('server ended before it was ready (exit code 2)')
  expect(starts).toBe(1)
})
