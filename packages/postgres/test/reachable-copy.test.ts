import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reachableCopy } from '../src/reachable-copy.ts'
import { describeProcess, hold, query, release, releaseAll } from './holder.ts'
import { install } from './installation.ts'

/** Above all that a system gives. */
const pidOfNobody = 2 ** 22 + 1

let folder: string
/** As after `git clone` into a home: what lies in it is open, the folder itself is not. */
let closed: string
let copiesDir: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rh-copy-'))
  chmodSync(folder, 0o755)
  closed = join(folder, 'closed')
  copiesDir = join(folder, 'copies')
  mkdirSync(closed, { mode: 0o700 })
})

afterEach(async () => {
  await releaseAll()
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(process.getuid?.() === 0)('root, whose programs lie below a folder closed to others,', () => {
  it('starts a copy of them, and the next start uses it again', async () => {
    const installed = { ...install(closed), copiesDir }
    const data = join(folder, 'data')
    const { holder, said } = await hold(data, installed)
    expect(said.error).toBeUndefined()
    const [copy = '', ...others] = readdirSync(copiesDir)
    expect(copy).toMatch(/^\w+-\w+-18\.\d/)
    expect(others).toEqual([])
    const { uid, program } = describeProcess(said.pid)
    expect(program).toBe(join(copiesDir, copy, 'native', 'bin', 'postgres'))
    expect(uid).not.toBe(0)
    await query(said.url, 'create table kept as select 1 as one')
    await release(holder)
    const { ino } = statSync(join(copiesDir, copy))
    const again = await hold(data, installed)
    expect(await query(again.said.url, 'select one from kept')).toEqual([{ one: 1 }])
    expect(statSync(join(copiesDir, copy)).ino).toBe(ino)
  })

  it('starts it twice at once on two folders, and without the library links of the package', async () => {
    const installed = { ...install(closed), copiesDir }
    const lib = join(installed.postgres, 'native', 'lib')
    for (const entry of readdirSync(lib, { withFileTypes: true }))
      if (entry.isSymbolicLink()) rmSync(join(lib, entry.name))
    const both = await Promise.all(['one', 'two'].map((name) => hold(join(folder, name), installed)))
    for (const { said } of both) {
      expect(said.error).toBeUndefined()
      expect(await query(said.url, 'select 1 as one')).toEqual([{ one: 1 }])
    }
    expect(readdirSync(copiesDir)).toHaveLength(1)
  })

  it('is told what to do where no copy can be made', async () => {
    writeFileSync(copiesDir, 'not a folder')
    const { said } = await hold(join(folder, 'data'), { ...install(closed), copiesDir })
    expect(said.error).toMatch(/no other user may execute what lies in .*closed.* a copy in .*copies could not be made/)
    expect(said.error).toMatch(/into a folder that is open to others.*--database-url/)
  })
})

describe('a copy of programs', () => {
  const version = '18.4.0'
  let source: string

  beforeEach(() => {
    source = join(closed, 'linux-x64')
    mkdirSync(join(source, 'native', 'bin'), { recursive: true })
    writeFileSync(join(source, 'native', 'bin', 'postgres'), '#!/bin/sh\n', { mode: 0o700 })
    writeFileSync(join(source, 'native', 'sample'), 'text', { mode: 0o600 })
  })

  const make = () => reachableCopy(source, version, copiesDir)
  const inCopy = (...path: string[]) => join(copiesDir, `linux-x64-${version}`, ...path)

  it('is open to everybody, whatever the source and the umask are', async () => {
    const before = process.umask(0o077)
    try {
      expect(await make()).toBe(inCopy())
    } finally {
      process.umask(before)
    }
    const modes = [copiesDir, inCopy(), inCopy('native', 'bin', 'postgres'), inCopy('native', 'sample')].map(
      (path) => statSync(path).mode & 0o055,
    )
    expect(modes).toEqual([0o055, 0o055, 0o055, 0o044])
  })

  it('is made again where a file of it is missing or cut off, and kept otherwise', async () => {
    await make()
    const { ino } = statSync(inCopy())
    writeFileSync(inCopy('native', 'made-later'), '')
    await make()
    expect(statSync(inCopy()).ino).toBe(ino)
    truncateSync(inCopy('native', 'sample'))
    await make()
    expect(readFileSync(inCopy('native', 'sample'), 'utf8')).toBe('text')
    rmSync(inCopy('native', 'bin'), { recursive: true })
    await make()
    expect(existsSync(inCopy('native', 'bin', 'postgres'))).toBe(true)
    expect(readdirSync(copiesDir)).toEqual([`linux-x64-${version}`])
  })

  it('of another version stands beside it', async () => {
    await make()
    await reachableCopy(source, '18.5.0', copiesDir)
    expect(readdirSync(copiesDir).sort()).toEqual(['linux-x64-18.4.0', 'linux-x64-18.5.0'])
  })

  it('that a killed start left half made is removed; one that is being made is not', async () => {
    for (const pid of [pidOfNobody, process.ppid]) mkdirSync(`${inCopy()}.making-${pid}`, { recursive: true })
    await make()
    expect(readdirSync(copiesDir).sort()).toEqual([
      `linux-x64-${version}`,
      `linux-x64-${version}.making-${process.ppid}`,
    ])
  })
})
