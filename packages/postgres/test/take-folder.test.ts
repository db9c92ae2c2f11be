import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { takeFolder } from '../src/embedded-face.ts'

/** Of a slow disk: how long a renaming takes, and each further removal of a `.next`. Of one without links: what it answers. */
const disk = vi.hoisted(() => ({ renameMs: 0, removeMs: 0, removed: 0, linkCode: '' }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return {
    ...real,
    link: async (from: string, to: string) => {
      if (disk.linkCode !== '') throw Object.assign(new Error('link'), { code: disk.linkCode })
      await real.link(from, to)
    },
    rename: async (from: string, to: string) => {
      await sleep(disk.renameMs)
      await real.rename(from, to)
    },
    rm: async (path: string, options: object) => {
      if (path.endsWith('.next')) await sleep(disk.removeMs * disk.removed++)
      await real.rm(path, options)
    },
  }
})

/** Linux numbers its processes up to 4,194,304. */
const dead = JSON.stringify({ pid: 9_999_999, start: '1' })
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rh-folder-'))
})

afterEach(() => {
  Object.assign(disk, { renameMs: 0, removeMs: 0, removed: 0, linkCode: '' })
  rmSync(folder, { recursive: true, force: true })
})

test('of several that find a folder of a dead owner at once one gets it, each time', async () => {
  for (let round = 0; round < 50; round++) {
    writeFileSync(join(folder, 'owner.json'), dead)
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => takeFolder(folder)))
    const [release, second] = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect(second).toBeUndefined()
    const refusals = all.flatMap((one) => (one.status === 'rejected' ? [String(one.reason.message)] : []))
    expect(refusals).toEqual(Array(3).fill(expect.stringContaining(`(process ${process.pid})`)))
    await release?.()
    expect(readdirSync(folder)).toEqual([])
  }
})

test('so it is where one died while it followed another, however slow the disk is', async () => {
  Object.assign(disk, { renameMs: 60, removeMs: 20 })
  for (const name of ['owner.json', 'owner.json.next', 'owner.json.next.next']) writeFileSync(join(folder, name), dead)
  const all = await Promise.allSettled(Array.from({ length: 4 }, () => takeFolder(folder)))
  expect(all.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected'])
  expect(readdirSync(folder)).toEqual(['owner.json'])
})

test.each(['EPERM', 'ENOTSUP'])('where files can have one name only (%s) one gets it, too', async (linkCode) => {
  disk.linkCode = linkCode
  for (const content of [null, dead]) {
    if (content !== null) writeFileSync(join(folder, 'owner.json'), content)
    const release = await takeFolder(folder)
    await expect(takeFolder(folder)).rejects.toThrow(`(process ${process.pid})`)
    expect(readdirSync(folder)).toEqual(['owner.json'])
    await release()
  }
})

test.each([
  ['owner.json', ''],
  ['owner.json', dead],
  ['owner.json.next', dead],
])('%s of a program that died with it (%j) keeps nobody away', async (name, content) => {
  if (name !== 'owner.json') writeFileSync(join(folder, 'owner.json'), dead)
  writeFileSync(join(folder, name), content)
  const release = await takeFolder(folder)
  expect(readdirSync(folder)).toEqual(['owner.json'])
  await release()
})
