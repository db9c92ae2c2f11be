import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { safeRelativePath, unpack } from '../src/playground.ts'

describe('the path of an asset', () => {
  it.each([
    ['model.py', 'model.py'],
    ['./src/model.py', 'src/model.py'],
    ['a//b/./c', 'a/b/c'],
    ['folder/', 'folder'],
    ['..data', '..data'],
  ])('%s is placed at %s', (given, path) => {
    expect(safeRelativePath(given)).toBe(path)
  })

  it.each(['../x', 'a/../../x', 'a/../b', '/etc/passwd', 'C:\\x', '..\\x', 'a\0b', '', '.', './'])(
    '%j is refused',
    (given) => {
      expect(() => safeRelativePath(given)).toThrow(/cannot be placed in the model's folder/)
    },
  )
})

describe('an archive', () => {
  let folder: string
  let source: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowhouse-unpack-'))
    source = join(folder, 'source')
    await mkdir(join(source, 'deep'), { recursive: true })
    await writeFile(join(source, 'deep', 'a.txt'), 'inside')
    await mkdir(join(folder, 'playground'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const pack = (...args: string[]) =>
    execFileSync('tar', ['-czf', join(folder, 'playground', 'x.tgz'), '-C', source, ...args], { stdio: 'ignore' })

  it('is unpacked where it lies', async () => {
    pack('deep')
    await unpack(join(folder, 'playground'), 'x.tgz')
    expect(await readFile(join(folder, 'playground', 'deep', 'a.txt'), 'utf8')).toBe('inside')
  })

  it('with a link is refused whole', async () => {
    await symlink('/etc', join(source, 'link'))
    pack('link')
    await expect(unpack(join(folder, 'playground'), 'x.tgz')).rejects.toThrow(/entry 'link' is a SymbolicLink/)
  })

  it('that climbs out is refused', async () => {
    await writeFile(join(folder, 'evil.txt'), 'x')
    pack('-P', '../evil.txt')
    await expect(unpack(join(folder, 'playground'), 'x.tgz')).rejects.toThrow(/would be written outside the model/)
  })

  it('that is none is told by name', async () => {
    await writeFile(join(folder, 'playground', 'x.tgz'), 'this is no archive')
    await expect(unpack(join(folder, 'playground'), 'x.tgz')).rejects.toThrow(/^'x\.tgz' cannot be unpacked/)
  })
})
