/** A whole agent in this process, on a gateway fixture, with folders of its own; and documents of jobs as the server leases them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { type Agent, startAgent } from '../src/agent.ts'
import { findLanguages } from '../src/agent-languages.ts'
import { makeContentCache } from '../src/content-cache.ts'
import { ensureEnvironment } from '../src/python/environments.ts'
import { coolPython } from '../src/python/launch-python.ts'
import type { RunContext } from '../src/run-job-attempt.ts'
import { type GatewayFixture, startGateway } from './gateway-fixture.ts'

export interface RuntimeFixture {
  gateway: GatewayFixture
  agent: Agent
  /** The one root of files a job may name. */
  data: string
  workFolder: string
  log: string[]
  close(): Promise<void>
}

export interface RuntimeOptions {
  slots?: number
  jobTimeoutSeconds?: number
  gateway?: GatewayFixture
  /** Where environments are kept; else below the runtime's own folder. */
  environmentsDir?: string
  run?: (run: RunContext) => RunContext
}

export async function startRuntime(options: RuntimeOptions = {}): Promise<RuntimeFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'rowhouse-agent-'))
  const data = await mkdtemp(join(tmpdir(), 'rowhouse-data-'))
  const gateway = options.gateway ?? (await startGateway())
  const log: string[] = []
  const say = (line: string) => void log.push(line)
  const client = makeClient({ baseUrl: gateway.url })
  const languages = await findLanguages('python3', say)
  const slots = options.slots ?? 1
  const run: RunContext = {
    client,
    gatewayUrl: gateway.url,
    runtimeName: 'engine-1',
    fileRoots: { open: [data], closed: [join(data, 'closed')] },
    allowLinkLocal: false,
    jobTimeoutSeconds: options.jobTimeoutSeconds ?? null,
    languages: languages.runners,
    ensureEnvironment,
    environmentsDir: options.environmentsDir ?? join(folder, 'environments'),
    contentCache: makeContentCache(join(folder, 'cache'), 1_000_000),
    keepPlaygrounds: false,
    log: say,
  }
  const agent = startAgent({
    client,
    registration: { name: 'engine-1', initialTags: ['DEV', 'cc-fraud'], stage: 'DEV', slots },
    slots,
    workFolder: folder,
    run: options.run?.(run) ?? run,
    log: say,
  })
  agent.ended.catch((error) => say(`ended: ${error.message}`))
  return {
    gateway,
    agent,
    data,
    workFolder: folder,
    log,
    async close() {
      await agent.drain('the test is over')
      coolPython()
      await gateway.close()
      await rm(folder, { recursive: true, force: true })
      await rm(data, { recursive: true, force: true })
    },
  }
}

export async function modelSource(name: string): Promise<string> {
  return readFile(new URL(`./agent-models/${name}`, import.meta.url), 'utf8')
}

/** A source of ours as the model of a job. */
export async function jobOf(
  model: string,
  job: Record<string, unknown> = {},
  assets: unknown[] = [],
): Promise<Record<string, unknown>> {
  const source = {
    name: model,
    assetType: 'SOURCE_CODE',
    primaryModelSource: true,
    sourceCode: await modelSource(model),
  }
  return {
    jobType: 'MODEL_BATCH_JOB',
    jobParameters: {},
    model: { storedModel: { modelMetaData: { name: model.replace(/\..*/, '') }, modelAssets: [source, ...assets] } },
    ...job,
  }
}

export function embedded(filename: string, text: string): Record<string, unknown> {
  return { name: filename, assetType: 'FILE', filename, fileContent: Buffer.from(text).toString('base64') }
}

export function external(fileUrl: string): Record<string, unknown> {
  return { assetType: 'EXTERNAL_FILE', fileUrl }
}

/** Text of an embedded output. */
export function textOf(asset: { fileContent?: string | null | undefined } | undefined): string {
  return Buffer.from(asset?.fileContent ?? '', 'base64').toString('utf8')
}

export function cards(rows: number): string {
  const lines = ['id,amount']
  for (let i = 1; i <= rows; i++) lines.push(`${i},${i * 10}`)
  return `${lines.join('\n')}\n`
}
