/** Managed files of models, kept between jobs. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeContentCache } from '../src/content-cache.ts'
import { jobOf, startRuntime, textOf } from './agent-fixture.ts'

const hashOf = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')

describe('the cache', () => {
  let folder: string
  let downloads: string[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowhouse-cache-'))
    downloads = []
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const bring = async (content: string, bytesMax = 1_000) => {
    const target = join(folder, 'target')
    const download = async (path: string) => {
      downloads.push(content)
      await writeFile(path, content)
    }
    await makeContentCache(join(folder, 'cache'), bytesMax).bring(hashOf(content), target, download)
    return readFile(target, 'utf8')
  }

  it('gives the second job what the first one brought', async () => {
    expect([await bring('weights'), await bring('weights')]).toEqual(['weights', 'weights'])
    expect(downloads).toEqual(['weights'])
  })

  it('does not give content that was changed: it is downloaded anew', async () => {
    await bring('weights')
    await writeFile(join(folder, 'cache', hashOf('weights')), 'forged')
    expect(await bring('weights')).toBe('weights')
    expect(downloads).toEqual(['weights', 'weights'])
    await bring('weights')
    expect(downloads).toHaveLength(2)
  })

  it('that cannot be read is none', async () => {
    await mkdir(join(folder, 'cache', hashOf('weights')), { recursive: true })
    expect(await bring('weights')).toBe('weights')
    expect(downloads).toEqual(['weights'])
  })

  it('stays below its size: what was used longest ago goes', async () => {
    for (const [n, name] of ['a', 'b', 'c'].entries()) {
      await bring(name.repeat(40), 100)
      const at = new Date(Date.UTC(2026, 0, 1 + n))
      await utimes(join(folder, 'cache', hashOf(name.repeat(40))), at, at)
    }
    expect(await readdir(join(folder, 'cache'))).toEqual(['b', 'c'].map((name) => hashOf(name.repeat(40))).sort())
  })

  it('keeps nothing that is larger than itself, and nothing at all when its size is 0', async () => {
    await bring('x'.repeat(200), 100)
    await bring('y', 0)
    expect(await readdir(join(folder, 'cache')).catch(() => [])).toEqual([])
  })
})

it('a managed file of a model comes down once for several jobs, one of an input each time', async () => {
  const runtime = await startRuntime()
  try {
    const weights = Buffer.from('{"w": 7}')
    const rows = Buffer.from('1\n')
    const managed = (filename: string, content: Buffer) => {
      runtime.gateway.files.set(hashOf(content), content)
      return { assetType: 'FILE', filename, contentHash: { hashType: 'SHA-256', hexString: hashOf(content) } }
    }
    const source = 'def action(x):\n    yield open("weights.json").read()\n'
    const job = await jobOf('adds-score.py', { inputData: [managed('in.json', rows)] }, [
      managed('weights.json', weights),
    ])
    const assets = (job.model as { storedModel: { modelAssets: { sourceCode?: string }[] } }).storedModel.modelAssets
    if (assets[0]) assets[0].sourceCode = source
    for (let n = 0; n < 3; n++) {
      const { finish } = await runtime.gateway.ended(runtime.gateway.addJob(job))
      expect(finish?.outcome).toBeNull()
      expect(textOf(finish?.outputData?.[0])).toBe('"{\\"w\\": 7}"\n')
    }
    const count = (content: Buffer) => runtime.gateway.downloads.filter((each) => each === hashOf(content)).length
    expect([count(weights), count(rows)]).toEqual([1, 3])
  } finally {
    await runtime.close()
  }
})
