/** Inputs and outputs with something wrong in them: the job ends with one sentence, and no file of anybody is harmed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { JobBody } from '@rowhouse/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createJob, deploy, ended } from './deploy.ts'
import { lastWord, makeFolder, type Rowhouse, readLines, root, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let deployment: string
const poorRuntimes: { child: ChildProcess; ended: Promise<unknown> }[] = []

beforeAll(async () => {
  rowhouse = await startRowhouse()
  deployment = await deploy(rowhouse, 'counts-records')
  makeFolder(rowhouse, 'in')
  makeFolder(rowhouse, 'out')
  put('good.csv', 'id,x\n1,1.5\n2,2.5\n')
})
afterAll(async () => {
  for (const { child } of poorRuntimes) child.kill('SIGTERM')
  await Promise.all(poorRuntimes.map(({ ended }) => ended))
  await rowhouse?.remove()
})

const at = (...parts: string[]) => join(rowhouse.folder, ...parts)
function put(name: string, content: string | Uint8Array): string {
  writeFileSync(at('in', name), content)
  return at('in', name)
}

async function run(input: string, output: string, deploymentId = deployment): Promise<JobBody> {
  const created = await createJob(rowhouse, deploymentId, input, output)
  return ended(rowhouse, created.id)
}

describe('an input that', () => {
  it.each([
    ['is missing', 'nowhere.csv', null, /does not exist on this runtime's machine$/],
    ['is empty', 'empty.csv', '', /'.*empty\.csv' is empty: it has not even a header$/],
    ['holds blank lines alone', 'blank.csv', '\n\n', /'.*blank\.csv' is empty: not even a header$/],
    [
      'has a quote that is never closed',
      'quote.csv',
      'id,x\n1,"1\n2,2\n',
      /opened on line 2 in column 'x' is never closed$/,
    ],
    [
      'is not UTF-8',
      'latin1.csv',
      Buffer.from('id,x\n1,caf\u00e9\n', 'latin1'),
      /Line 2 is not UTF-8 .*iconv -f WINDOWS-1252 -t UTF-8$/,
    ],
    ['is UTF-16', 'utf16.csv', Buffer.from('\ufeffid,x\n', 'utf16le'), /is UTF-16; save it as UTF-8$/],
    ['is no text', 'binary.csv', Buffer.from([0x89, 0x50, 0, 1, 2, 0]), /not a text file|not UTF-8/],
    ['is JSON that breaks off', 'broken.json', '[{"id":1},\n{"id":2]', /its array breaks after record 1 \(line 2\)/],
    ['has too long a name', `${'n'.repeat(300)}.csv`, null, /does not take a name of 304 bytes; give a shorter one$/],
  ])('%s ends the job in ERROR and says where', async (_title, name, content, sentence) => {
    if (content !== null) put(name, content)
    const job = await run(at('in', name), at('out', 'never.csv'))
    expect(job.outcome).toMatch(sentence)
    expect(job).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(existsSync(at('out', 'never.csv'))).toBe(false)
  })

  it('is a folder is told so', async () => {
    expect((await run(at('in'), at('out', 'never.csv'))).outcome).toMatch(/is a folder; name a file in it$/)
  })

  it('has only a header is COMPLETE, with a warning and no rows', async () => {
    const job = await run(put('header.csv', 'id,x\n'), at('out', 'header.csv'))
    expect(job).toMatchObject({
      jobStatus: 'COMPLETE',
      jobResult: 'SUCCESS',
      progress: { recordsIn: 0, recordsOut: 0 },
    })
    expect(job.jobMessages.join('\n')).toMatch(/\[warning\] input '.*header\.csv' has a header but no records/)
  })

  it('has a row with too many cells loses that row alone, by number and line', async () => {
    const job = await run(put('many.csv', 'id,x\n1,1\n2,2,3\n3,3\n'), at('out', 'many.csv'))
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(job.outcome).toMatch(/1 record was rejected/)
    expect(job.jobMessages.join('\n')).toContain('3 cells where the header has 2} (input record 2, line 3)')
    expect(readLines(at('out', 'many.csv'))).toHaveLength(3)
  })

  it('has a row with too few cells is filled with blanks, and says which', async () => {
    const job = await run(put('few.csv', 'id,x\n1,1\n2\n3,3\n'), at('out', 'few.csv'))
    expect(job).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    expect(job.jobMessages.join('\n')).toMatch(/fewer cells than the header .* the first on line 3/)
    expect(readLines(at('out', 'few.csv'))).toHaveLength(4)
  })

  it('cannot be fetched says why', async () => {
    const fetched = async (fileUrl: string) => {
      const body = { deployedModel: { id: deployment }, inputData: [{ assetType: 'EXTERNAL_FILE', fileUrl }] }
      return (await ended(rowhouse, (await rowhouse.client.jobs.create(body)).id)).outcome
    }
    expect(await fetched('http://127.0.0.1:9/x.csv')).toMatch(/x\.csv': (connection refused|bad port)/)
    expect(await fetched('http://no-such-host.invalid/x.csv')).toMatch(/no such host/)
    expect(await fetched(`${rowhouse.url}/nowhere.csv`)).toMatch(/the server answered 40[14]/)
    expect(await fetched('s3://bucket/x.csv')).toMatch(
      /s3:\/\/ \(Amazon S3\) is not opened by this runtime; it opens file:\/\/, http:\/\/ and https:\/\//,
    )
    expect(await fetched('file://elsewhere/x.csv')).toMatch(/write file:\/\/\/folder\/name/)
  })
})

describe('a place no job may touch', () => {
  beforeAll(() => {
    symlinkSync('/etc/passwd', at('in', 'link.csv'))
    symlinkSync('/etc', at('in', 'etc'))
    symlinkSync(rowhouse.dataFolder, at('in', 'data'))
  })

  const outside = /lies outside the folders this runtime may open/
  const closed = /lies in a folder of Rowhouse's own, which no job may open/
  it.each([
    ['a file elsewhere', () => '/etc/passwd', outside],
    ['by ..', () => `${at('in')}/../../../../../../etc/passwd`, outside],
    ['by a link to a file', () => at('in', 'link.csv'), outside],
    ['by a link to a folder', () => at('in', 'etc', 'passwd'), outside],
    ['the signing key', () => join(rowhouse.dataFolder, 'keys', 'signing-key.json'), closed],
    ['the token of the runtime', () => join(rowhouse.dataFolder, 'runtime-token'), closed],
    ['the data folder by a link', () => at('in', 'data', 'runtime-token'), closed],
  ])('%s is neither read nor written', async (_title, path, sentence) => {
    const before = readFileSync(path())
    expect((await run(path(), at('out', 'never.csv'))).outcome).toMatch(sentence)
    expect((await run(at('in', 'good.csv'), path())).outcome).toMatch(sentence)
    expect(readFileSync(path()).equals(before)).toBe(true)
    expect(existsSync(at('out', 'never.csv'))).toBe(false)
  })
})

describe('an output that', () => {
  it.each([
    ['has no folder', 'out/nowhere/x.csv', /the folder '.*nowhere' does not exist; make it first$/],
    ['is a folder', 'out', /is a folder; name a file in it$/],
    ['is the input', 'in/good.csv', /is the job's own input and would replace it: name another file$/],
    ['has too long a name', `out/${'n'.repeat(300)}.csv`, /does not take a name of 304 bytes/],
  ])('%s is refused before the model runs', async (_title, path, sentence) => {
    const job = await run(at('in', 'good.csv'), at(path))
    expect(job.outcome).toMatch(sentence)
    expect(job.jobMessages.join('\n')).not.toContain('state changes to RUNNING')
    expect(readLines(at('in', 'good.csv'))[0]).toBe('id,x')
  })

  it('is a pipe, or a device, is refused and stays what it is', async () => {
    expect(spawnSync('mkfifo', [at('out', 'pipe')]).status).toBe(0)
    const job = await run(at('in', 'good.csv'), at('out', 'pipe'))
    expect(job.outcome).toMatch(/pipe' is a pipe, a socket or a device; name a file$/)
    expect(lstatSync(at('out', 'pipe')).isFIFO()).toBe(true)
    rmSync(at('out', 'pipe'))
  })

  it('is there already is replaced as a whole', async () => {
    writeFileSync(at('out', 'old.csv'), 'old,rows\n'.repeat(1000))
    expect(await run(at('in', 'good.csv'), at('out', 'old.csv'))).toMatchObject({ jobStatus: 'COMPLETE' })
    expect(readLines(at('out', 'old.csv'))).toEqual(['id,seen', '1,1', '2,2'])
  })

  it('is there already stays as it was when the job fails', async () => {
    writeFileSync(at('out', 'kept.csv'), 'old,rows\n')
    expect(await run(at('in', 'quote.csv'), at('out', 'kept.csv'))).toMatchObject({ jobStatus: 'ERROR' })
    expect(readFileSync(at('out', 'kept.csv'), 'utf8')).toBe('old,rows\n')
  })

  it('has a name in any script is written under it', async () => {
    const path = at(makeFolder(rowhouse, 'out/täglich 日本 🚀').slice(rowhouse.folder.length), 'résultat ✓.csv')
    expect(await run(at('in', 'good.csv'), path)).toMatchObject({ jobStatus: 'COMPLETE' })
    expect(readLines(path)).toHaveLength(3)
  })

  it('nobody listens for says so after three tries', async () => {
    const body = {
      deployedModel: { id: deployment },
      inputData: [{ assetType: 'EXTERNAL_FILE', fileUrl: `file://${at('in', 'good.csv')}` }],
      outputData: [{ assetType: 'EXTERNAL_FILE', fileUrl: 'http://no-such-host.invalid/x.csv' }],
    }
    const job = await ended(rowhouse, (await rowhouse.client.jobs.create(body)).id)
    expect(job.outcome).toMatch(/x\.csv' was not taken: no such host \(tried 3 times\)$/)
  })
})

/**
 * A runtime for which this machine's permissions count. Root without the two capabilities that pass over them is such a user; another one
 * might not get at the programs.
 */
async function startPoorRuntime(stage: string, prelude = ''): Promise<string> {
  const token = at('runtime-token')
  copyFileSync(join(rowhouse.dataFolder, 'runtime-token'), token)
  const isRoot = process.getuid?.() === 0
  const drop = isRoot ? 'setpriv --bounding-set=-dac_override,-dac_read_search ' : ''
  const program = [
    process.execPath,
    join(root, 'packages/rowhouse/bin/rowhouse.mjs'),
    'runtime',
    '--gateway',
    rowhouse.url,
  ]
  const flags = ['--token-file', token, '--name', stage.toLowerCase(), '--stage', stage, '--tag', 'cc-fraud']
  const folders = ['--files', rowhouse.folder, '--work-dir', at(`work-${stage}`)]
  const child = spawn('sh', ['-c', `${prelude}exec ${drop}"$@"`, 'sh', ...program, ...flags, ...folders], {
    cwd: rowhouse.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  poorRuntimes.push({ child, ended: new Promise((done) => child.once('close', done)) })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  await new Promise<void>((done, fail) => {
    child.stdout.once('data', () => done())
    child.once('exit', () => fail(new Error(`the runtime ended: ${said}`)))
  })
  const snapshot = (await rowhouse.client.deployedModels.get(deployment)).deployableModel.id
  return lastWord((await rowhouse.moc('deployment', 'create', snapshot, '--stage', stage)).stdout)
}

describe('on a runtime whose user may not do all', () => {
  let poor: string
  beforeAll(async () => {
    poor = await startPoorRuntime('POOR')
  })

  it('an unreadable input is told with what to change', async () => {
    const input = put('secret.csv', 'id,x\n1,1\n')
    chmodSync(input, 0o000)
    const job = await run(input, at('out', 'never.csv'), poor)
    expect(job.outcome).toMatch(/secret\.csv' may not be read by the runtime's user: change its permissions$/)
  })

  it('an input in a folder that may not be entered is told so', async () => {
    makeFolder(rowhouse, 'in/barred')
    const input = put('barred/rows.csv', 'id,x\n1,1\n')
    chmodSync(at('in', 'barred'), 0o600)
    const job = await run(input, at('out', 'never.csv'), poor)
    chmodSync(at('in', 'barred'), 0o700)
    expect(job.outcome).toMatch(/rows\.csv' lies in a folder that the runtime's user may not enter: change/)
  })

  it('a folder that may not be written is told before the model runs', async () => {
    chmodSync(makeFolder(rowhouse, 'closed'), 0o555)
    const job = await run(at('in', 'good.csv'), at('closed', 'x.csv'), poor)
    expect(job.outcome).toMatch(/the runtime's user may not write in '.*closed'$/)
    expect(job.jobMessages.join('\n')).not.toContain('state changes to RUNNING')
  })

  it('a file that may not be overwritten stays', async () => {
    writeFileSync(at('out', 'protected.csv'), 'mine\n')
    chmodSync(at('out', 'protected.csv'), 0o444)
    const job = await run(at('in', 'good.csv'), at('out', 'protected.csv'), poor)
    expect(job.outcome).toMatch(/exists and may not be overwritten by the runtime's user$/)
    expect(readFileSync(at('out', 'protected.csv'), 'utf8')).toBe('mine\n')
  })
})

describe('when there is no room', () => {
  const rows = 60_000
  beforeAll(() => {
    put('large.csv', `id,x\n${Array.from({ length: rows }, (_, n) => `${n},${n}.5\n`).join('')}`)
  })

  it('on the disk of the output, the job says so and leaves nothing', async () => {
    const folder = makeFolder(rowhouse, 'tiny')
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0
    try {
      // where nothing may be mounted, a limit on the size of files is as hard
      const where = mounted ? deployment : await startPoorRuntime('TINY', 'ulimit -f 100; ')
      const job = await run(at('in', 'large.csv'), at('tiny', 'x.csv'), where)
      expect(job).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
      expect(job.outcome).toMatch(
        mounted ? /the disk it goes to is full; make room there and run the job again$/ : /File too large/,
      )
      expect(readdirSync(folder)).toEqual([])
    } finally {
      if (mounted) spawnSync('umount', [folder])
    }
  })

  it('and the same runtime runs the next job', async () => {
    mkdirSync(at('roomy'))
    expect(await run(at('in', 'large.csv'), at('roomy', 'x.csv'))).toMatchObject({ jobStatus: 'COMPLETE' })
    expect(readLines(at('roomy', 'x.csv'))).toHaveLength(rows + 1)
    rmSync(at('roomy'), { recursive: true })
  })
})

it('nothing half-written is left in any folder', () => {
  expect(filesBelow(rowhouse.folder).filter((name) => name.endsWith('.part'))).toEqual([])
})

/** Links are not followed: some of them lead out of the folder on purpose. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
