import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeFolder } from '../src/embedded-face.ts'

/** Linux numbers its processes up to 4,194,304. */
const dead = JSON.stringify({ pid: 9_999_999, start: '1' })
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rh-folder-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

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
