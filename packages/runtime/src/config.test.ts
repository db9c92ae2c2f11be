import { delimiter } from 'node:path'
import { describe, expect, it } from 'vitest'
import { options, parseConfig, usage } from './config.ts'
import { helpText } from './help.ts'

const gateway = ['--gateway', 'http://127.0.0.1:8090/']

describe('settings of a runtime', () => {
  it('folders closed to jobs are named by flags or by a list', () => {
    const env = { ROWHOUSE_RUNTIME_FILES_CLOSED: ['/a', '/b'].join(delimiter) }
    expect(parseConfig(gateway, env).closedFolders).toEqual(['/a', '/b'])
    expect(parseConfig([...gateway, '--files-closed', '/c'], env).closedFolders).toEqual(['/c'])
  })

  it('the stage is a tag too, and no tag occurs twice', () => {
    const config = parseConfig([...gateway, '--stage', 'DEV', '--tag', 'cc-fraud', '--tag', 'DEV'], {})
    expect(config).toMatchObject({
      gatewayUrl: 'http://127.0.0.1:8090',
      stage: 'DEV',
      tags: ['DEV', 'cc-fraud'],
      slots: 1,
    })
  })

  it('flags win over ROWHOUSE_RUNTIME_*, which win over MODELOP_*', () => {
    const env = {
      MODELOP_GATEWAY_LOCATION: 'http://old:1',
      ROWHOUSE_RUNTIME_GATEWAY_URL: 'http://new:2',
      MODELOP_ENGINE_NAME: 'engine-3',
      MODELOP_RUNTIME_INITIAL_TAGS: 'PROD, cc-fraud',
      ROWHOUSE_RUNTIME_NAME: 'mine',
    }
    expect(parseConfig([], env)).toMatchObject({ gatewayUrl: 'http://new:2', name: 'mine', tags: ['PROD', 'cc-fraud'] })
    expect(parseConfig(['--name', 'flagged'], env).name).toBe('flagged')
  })

  it.each([
    [[], /Which gateway/],
    [['--gateway', 'localhost:8090'], /starts with http/],
    [['--gateway', 'http://user:secret@host'], /holds no user or password/],
    [[...gateway, '--slots', '0'], /--slots '0' is not a whole number from 1 to 64/],
    [[...gateway, '--job-timeout-seconds', 'soon'], /--job-timeout-seconds 'soon'/],
    [[...gateway, '--frobnicate'], /frobnicate[\s\S]*usage:/],
    [[...gateway, '--tag', 'a,b'], /is not a tag/],
    [[...gateway, '--unsecured', '--token-file', 'x'], /exclude each other/],
  ])('what cannot be meant is refused in words: %j', (argv, message) => {
    expect(() => parseConfig(argv, {})).toThrow(message)
  })

  it('a secret in the gateway URL is not repeated', () => {
    expect(() => parseConfig(['--gateway', 'http://user:secret@host'], {})).toThrow(/^(?!.*secret)/)
  })
})

it('model files are kept up to 2 GiB, link-local addresses are closed, unless told otherwise', () => {
  expect(parseConfig(gateway, {})).toMatchObject({ cacheBytes: 2 * 1024 ** 3, allowLinkLocal: false })
  const flags = [...gateway, '--cache-bytes', '0', '--allow-link-local']
  expect(parseConfig(flags, {})).toMatchObject({ cacheBytes: 0, allowLinkLocal: true })
  const env = { ROWHOUSE_RUNTIME_CACHE_BYTES: '1000', ROWHOUSE_RUNTIME_ALLOW_LINK_LOCAL: 'true' }
  expect(parseConfig(gateway, env)).toMatchObject({ cacheBytes: 1000, allowLinkLocal: true })
})

it('the help tells of each option', () => {
  const told = [...helpText().matchAll(/^ {2}--([a-z-]+) .*\S$/gm)].map(([, name]) => name)
  expect(told).toEqual(Object.keys(options))
  for (const name of told) expect(usage).toContain(`--${name}`)
})
