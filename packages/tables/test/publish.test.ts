import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeSideFile, publishFile } from '../src/index.ts'
import { fileError } from '../src/table-error.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowhouse-publish-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('an output file', () => {
  test('appears only when it is published, with its size and digest', async () => {
    const path = join(folder, 'out.csv')
    await writeFile(path, 'old')
    const side = await makeSideFile(path)
    await side.write(Buffer.from('new '))
    await side.write(Buffer.from('rows\n'))
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await side.publish()).toEqual({ path, bytes: 9, sha256: sha256('new rows\n') })
    expect(await readFile(path, 'utf8')).toBe('new rows\n')
    expect(await readdir(folder)).toEqual(['out.csv'])
  })

  test('that is discarded leaves nothing', async () => {
    const side = await makeSideFile(join(folder, 'out.csv'))
    await side.write(Buffer.from('half'))
    await side.discard()
    expect(await readdir(folder)).toEqual([])
  })

  test('written by another process is brought to its place', async () => {
    const side = join(folder, '.out.part')
    await writeFile(side, 'rows\n')
    expect(await publishFile(side, join(folder, 'out.csv'))).toMatchObject({ bytes: 5, sha256: sha256('rows\n') })
    expect(await readdir(folder)).toEqual(['out.csv'])
  })

  test('cannot take the place of a folder', async () => {
    await mkdir(join(folder, 'out'))
    await writeFile(join(folder, 'side'), '')
    await expect(makeSideFile(join(folder, 'out'))).rejects.toMatchObject({ code: 'IsDirectory' })
    await expect(publishFile(join(folder, 'side'), join(folder, 'out'))).rejects.toMatchObject({ code: 'IsDirectory' })
  })

  test('in a folder that does not exist is refused with what to do', async () => {
    await expect(makeSideFile(join(folder, 'none', 'out.csv'))).rejects.toMatchObject({
      code: 'FolderMissing',
      message: `The folder of ${join(folder, 'none', 'out.csv')} does not exist; create it first`,
    })
  })

  test.runIf(process.platform === 'linux')('on a full disk keeps nothing and says so', async () => {
    const full = '/dev/full'
    const error = await import('node:fs/promises')
      .then(({ writeFile: write }) => write(full, 'x'))
      .catch((thrown: unknown) => fileError('write', '/data/out.csv', thrown))
    expect(error).toMatchObject({
      code: 'DiskFull',
      message: 'No space is left for /data/out.csv; nothing half-written was kept',
    })
  })

  test('that may not be written is told in words', () => {
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' })
    expect(fileError('write', '/data/out.csv', denied)).toMatchObject({ code: 'NotWritable' })
    expect(fileError('read', '/data/in.csv', denied)).toMatchObject({ code: 'NotReadable' })
  })
})
