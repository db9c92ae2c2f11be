/** What belongs to Rowhouse itself is out of reach of jobs, though it lies in the folder Rowhouse was started in; and places that no runtime opens. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, ended, fileAsset, writeRows } from './deploy.ts'
import { lastWord, type Part, type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deploymentId: string
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deploymentId = await deploy(rowhouse, 'counts-records')
  input = writeRows(rowhouse, 'rows.csv', 3)
})
afterAll(() => rowhouse?.remove())

async function run(inputUrl: string, outputUrl = `file://${join(rowhouse.folder, 'out.csv')}`) {
  const job = await rowhouse.client.jobs.create({
    deployedModel: { id: deploymentId },
    inputData: [{ assetType: 'EXTERNAL_FILE', fileUrl: inputUrl }],
    outputData: [{ assetType: 'EXTERNAL_FILE', fileUrl: outputUrl }],
  })
  return ended(rowhouse, job.id)
}

describe('the data folder', () => {
  const keyFiles = () => readdirSync(join(rowhouse.dataFolder, 'keys'))

  it('holds keys and tokens that no job reads, by any way', async () => {
    symlinkSync(rowhouse.dataFolder, join(rowhouse.folder, 'harmless'))
    const [key] = keyFiles()
    const ways = [
      `file://${rowhouse.dataFolder}/keys/${key}`,
      `.rowhouse/keys/${key}`,
      `file://${rowhouse.folder}/harmless/keys/${key}`,
      `file://${rowhouse.folder}/x/../.rowhouse/runtime-token`,
      'harmless/postgres/cluster/PG_VERSION',
    ]
    expect(existsSync(join(rowhouse.dataFolder, 'keys', String(key)))).toBe(true)
    for (const way of ways) {
      const job = await run(way)
      expect([way, job.jobStatus, job.outcome]).toEqual([
        way,
        'ERROR',
        expect.stringMatching(/lies in a folder of Rowhouse's own, which no job may open: name a file outside it$/),
      ])
    }
  })

  it('is not written to by a job', async () => {
    const before = keyFiles()
    const job = await run(`file://${input}`, `file://${rowhouse.dataFolder}/keys/forged`)
    expect(job).toMatchObject({ jobStatus: 'ERROR', outcome: expect.stringContaining("a folder of Rowhouse's own") })
    expect(keyFiles()).toEqual(before)
  })

  it('is no source of files for a model either', async () => {
    const [key] = keyFiles()
    const model = (await rowhouse.client.deployedModels.get(deploymentId)).deployableModel.storedModel
    const job = await rowhouse.client.jobs.create({
      model: { storedModel: model },
      inputData: [fileAsset(input)],
      additionalAssets: [{ filename: 'stolen', ...fileAsset(join(rowhouse.dataFolder, 'keys', String(key))) }],
    })
    expect(await ended(rowhouse, job.id)).toMatchObject({
      jobStatus: 'ERROR',
      outcome: expect.stringMatching(/^Asset stolen .* lies in a folder of Rowhouse's own/),
    })
  })

  it('beside it files are read and written as ever', async () => {
    expect((await run(`file://${input}`)).jobStatus).toBe('COMPLETE')
  })
})

it('the runtime does not have the password of the administrator in its environment', async () => {
  const environmentOf = async (part: Part) => {
    const pid = String(await rowhouse.findPid(part))
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['eww', '-o', 'command=', '-p', pid], { encoding: 'utf8' })
  }
  expect(await environmentOf('server')).toMatch(/ROWHOUSE_ADMIN_PASSWORD=./)
  const ofRuntime = await environmentOf('runtime')
  expect(ofRuntime).toContain('ROWHOUSE_RUNTIME_FILES_CLOSED=')
  expect(ofRuntime).not.toMatch(/ROWHOUSE_ADMIN|ROWHOUSE_DATABASE_URL/)
})

describe('a job over', () => {
  it.each([
    ['s3://bucket/in.csv', 's3:// (Amazon S3)'],
    ['hdfs://nn/in.csv', 'hdfs:// (Hadoop)'],
    ['gs://bucket/in.csv', 'gs:// (Google Cloud Storage)'],
    ['abfss://c@account.dfs.core.windows.net/in.csv', 'abfss:// (Azure Data Lake)'],
  ])('%s ends in ERROR and says what is opened instead', async (url, store) => {
    const job = await run(url)
    expect(job).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(job.outcome).toContain(`${store} is not opened by this runtime; it opens file://, http:// and https://`)
    expect(job.outcome).toContain('or upload it')
  })

  it('the metadata service of a cloud ends in ERROR at once', async () => {
    const job = await run('http://169.254.169.254/latest/meta-data/iam')
    expect(job).toMatchObject({ jobStatus: 'ERROR', outcome: expect.stringContaining('a link-local address') })
  })
})

it('an R model is not deployed, and the answer names the language', async () => {
  const folder = join(rowhouse.folder, 'r-model')
  mkdirSync(folder)
  writeFileSync(join(folder, 'model.R'), '# modelop.score\naction <- function(x) { emit(x) }\n')
  const imported = await rowhouse.moc('model', 'import', folder)
  const snapshot = await rowhouse.moc('snapshot', 'create', lastWord(imported.stdout), '--tag', 'cc-fraud')
  const deployed = await rowhouse.moc('deployment', 'create', lastWord(snapshot.stdout), '--stage', 'DEV')
  expect(deployed.code).toBe(1)
  expect(deployed.stderr).toMatch(
    /language R.*runs JAVASCRIPT, PYTHON, not R.*No runtime of this version runs R models/s,
  )
})
