/**
 * Model sources as their repositories have them, run the way the server has them run: one whole job document, a real agent, a real Python.
 * A source is a folder below test/sources, or files given in the test; what came of it is told in the words of the job.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ensureEnvironment } from '../src/python/environments.ts'
import { type RuntimeFixture, startRuntime, textOf } from './agent-fixture.ts'

const sources = fileURLToPath(new URL('sources', import.meta.url))

/** The one set of versions that sources with requirements.txt are tested with: wheels exist from Python 3.9 to 3.13. */
export const requirements = 'pandas==2.3.3\nnumpy==2.0.2\nscikit-learn==1.6.1\n'

export interface Given {
  /** A folder of test/sources. */
  folder?: string
  /** Files of the model by path, beside those of the folder. */
  files?: Record<string, string | Uint8Array>
  /** Path of the primary source; else the only source, or `model.py`. */
  primary?: string
  kind?: 'score' | 'metrics' | 'train'
  /** Names of files of the folder, or contents by name. */
  inputs?: string[] | Record<string, string>
  /** Names of the outputs. */
  outputs?: string[]
  /** Explicit names of functions. */
  named?: Partial<Record<'init' | 'score' | 'metrics' | 'train', string>>
  modelMetaData?: Record<string, unknown>
  /** Further members of the job. */
  job?: Record<string, unknown>
  /** The model needs pandas, numpy and scikit-learn. */
  science?: boolean
}

export interface Ended {
  jobStatus: string | undefined
  jobResult: string | undefined
  outcome: string | null | undefined
  /** Without time. */
  messages: string[]
  /** What the model printed. */
  console: string[]
  /** Text of each output. */
  outputs: string[]
  output: string
  /** Its lines as JSON. */
  values: unknown[]
  /** Texts of what the job left, by name. */
  assets: Record<string, string>
  /** The same as bytes. */
  files: Record<string, Uint8Array>
}

/** Made once on this machine, before the first job that needs it: a job would wait for it, but a test does not wait so long for a job. */
export async function makeScience(): Promise<void> {
  const cacheDir = join(tmpdir(), `rowhouse-test-envs-${process.getuid?.() ?? 0}`)
  await ensureEnvironment({ python: 'python3', requirementsText: requirements, cacheDir, onLine: () => {} })
}

export async function startSources(): Promise<RuntimeFixture & { run(given: Given): Promise<Ended> }> {
  const runtime = await startRuntime({
    environmentsDir: join(tmpdir(), `rowhouse-test-envs-${process.getuid?.() ?? 0}`),
  })
  const run = async (given: Given) => {
    const job = await runtime.gateway.ended(runtime.gateway.addJob(documentOf(given)))
    const { jobStatus, jobResult, outcome, outputData, additionalAssets } = job.finish ?? {}
    const messages = job.messages.map((line) => line.replace(/^\d{4}\/\d{1,2}\/\d{1,2} \d{1,2}:\d\d:\d\d /, ''))
    const outputs = (outputData ?? []).map(textOf)
    const output = outputs[0] ?? ''
    const assets = Object.fromEntries((additionalAssets ?? []).map((asset) => [String(asset.name), textOf(asset)]))
    const bytes = (content: unknown) => Buffer.from(String(content ?? ''), 'base64')
    const files = Object.fromEntries(
      (additionalAssets ?? []).map((asset) => [String(asset.name), bytes(asset.fileContent)]),
    )
    const console = messages.flatMap((line) => /^\[info\] MODEL-CONSOLE: (.*)$/.exec(line)?.[1] ?? [])
    return {
      jobStatus,
      jobResult,
      outcome,
      messages,
      console,
      outputs,
      output,
      assets,
      files,
      get values() {
        return output
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as unknown)
      },
    }
  }
  return { ...runtime, run }
}

const jobTypes = { score: 'MODEL_BATCH_JOB', metrics: 'MODEL_BATCH_TEST_JOB', train: 'MODEL_BATCH_TRAINING_JOB' }
const owned = {
  group: 'data-science',
  version: 2,
  createdDate: '2026-03-03T06:52:11.000Z',
  lastModifiedDate: '2026-03-03T06:52:11.000Z',
  createdBy: 'ada',
  lastModifiedBy: 'SYSTEM',
}
const engine = {
  ...owned,
  id: '0f0f0f0f-0000-4000-8000-000000000007',
  engineType: 'MODEL_OP_ENGINE',
  name: 'engine-1',
  state: 'INIT',
  tags: ['DEV', 'cc-fraud'],
  inputEndpoints: [],
  outputEndpoints: [],
}

/** As the server leases it: full copies of model and engine, epoch-ms times. */
export function documentOf(given: Given): Record<string, unknown> {
  const files = filesOf(given)
  const primary = given.primary ?? onlySource([...files.keys()])
  const modelAssets = [...files].map(([path, content]) => modelAsset(path, content, path === primary ? given : null))
  return {
    ...owned,
    jobType: jobTypes[given.kind ?? 'score'],
    jobStatus: 'RUNNING',
    jobResult: 'UNKNOWN',
    jobMessages: ['2026/3/3 6:52:11 job received from ada'],
    enableInputSchemaChecking: false,
    enableOutputSchemaChecking: false,
    jobWaitTime: 1640519716595,
    jobRunTime: 1640519716597,
    jobEndTime: null,
    modelWritesOutput: false,
    jobParameters: {},
    additionalAssets: [],
    inputData: inputsOf(given, files),
    outputData: (given.outputs ?? ['out.json']).map((filename) => ({ ...asset(filename), filename })),
    model: {
      ...owned,
      id: '0f0f0f0f-0000-4000-8000-000000000002',
      metaData: { custom: {}, tags: ['cc-fraud'], name: `${given.folder ?? 'model'}_v1` },
      storedModel: {
        ...owned,
        id: '0f0f0f0f-0000-4000-8000-000000000001',
        modelMetaData: {
          custom: {},
          tags: [],
          name: given.folder ?? 'model',
          type: 'PYTHON',
          inputSchema: [],
          outputSchema: [],
          ...given.modelMetaData,
        },
        modelAssets,
        requiredAssets: [],
        associatedModels: [],
      },
    },
    targetEngine: engine,
    ...given.job,
  }
}

function filesOf({ folder, files = {}, science }: Given): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  if (folder) {
    const root = join(sources, folder)
    if (!existsSync(root)) throw new Error(`no source ${root}`)
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.parentPath.includes('__pycache__')) continue
      const path = join(entry.parentPath, entry.name)
      found.set(relative(root, path), readFileSync(path))
    }
  }
  if (science) found.set('requirements.txt', Buffer.from(requirements))
  for (const [path, content] of Object.entries(files)) found.set(path, Buffer.from(content))
  return found
}

function onlySource(paths: string[]): string {
  const code = paths.filter((path) => /\.(py|py3|js|mjs)$/.test(path))
  const chosen = code.length === 1 ? code[0] : code.find((path) => path === 'model.py')
  if (chosen === undefined) throw new Error(`which of ${code.join(', ')} is the model?`)
  return chosen
}

function asset(name: string, assetRole = 'UNKNOWN') {
  return { name, assetType: 'FILE', assetRole, metaData: { custom: {}, tags: [] } }
}

function modelAsset(path: string, content: Buffer, primary: Given | null): Record<string, unknown> {
  if (!/\.(py|py3|js|mjs)$/.test(path)) return embeddedFile(path, content)
  const { named = {} } = primary ?? {}
  return {
    ...asset(path, primary ? 'MODEL_SOURCE' : 'UNKNOWN'),
    assetType: 'SOURCE_CODE',
    primaryModelSource: primary !== null,
    sourceCodeType: 'MODEL',
    sourceCodeFilePath: path,
    sourceCode: content.toString('utf8'),
    ...Object.fromEntries(Object.entries(named).map(([role, name]) => [`${role}Function`, name])),
  }
}

export function embeddedFile(path: string, content: string | Uint8Array): Record<string, unknown> {
  const bytes = Buffer.from(content)
  const role = path.endsWith('requirements.txt') ? 'REQUIRED_LIBRARIES' : 'UNKNOWN'
  return { ...asset(path, role), filename: path, fileSize: bytes.length, fileContent: bytes.toString('base64') }
}

function inputsOf({ inputs = ['input.json'] }: Given, files: ReadonlyMap<string, Buffer>): Record<string, unknown>[] {
  if (!Array.isArray(inputs)) return Object.entries(inputs).map(([name, text]) => embeddedFile(name, text))
  return inputs.map((name) => {
    const content = files.get(name)
    if (content === undefined) throw new Error(`the source has no file ${name}`)
    return embeddedFile(name, content)
  })
}
