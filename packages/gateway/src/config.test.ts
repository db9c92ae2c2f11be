import { expect, test } from 'vitest'
import { describeSettings, isLoopback, parseServerConfig, settings } from './config.ts'

test('a flag wins over the environment, which wins over the default', () => {
  expect(parseServerConfig([], {}).port).toBe(8090)
  expect(parseServerConfig([], { ROWHOUSE_PORT: '1234' }).port).toBe(1234)
  expect(parseServerConfig(['--port', '5678'], { ROWHOUSE_PORT: '1234' }).port).toBe(5678)
  expect(Object.isFrozen(parseServerConfig([], {}))).toBe(true)
})

test.each([
  [['--port', 'x'], {}, "--port is 'x': it must be a whole number from 0 to 65535"],
  [[], { ROWHOUSE_UNSECURED: 'maybe' }, "ROWHOUSE_UNSECURED is 'maybe': say true or false"],
  [[], { ROWHOUSE_LOG_LEVEL: 'loud' }, "ROWHOUSE_LOG_LEVEL is 'loud'"],
  [['--nonsense'], {}, "'--nonsense'"],
  [['--tls-cert', 'a.pem'], {}, 'TLS needs both files'],
  [['--host', '0.0.0.0'], {}, '--host 0.0.0.0 would send passwords and tokens over the network in the clear'],
  [[], { ROWHOUSE_RUNTIME_HEARTBEAT_MS: '60000' }, 'must be less than ROWHOUSE_RUNTIME_LEASE_MS (30000)'],
  [['--host', '0.0.0.0', '--unsecured', '--behind-proxy'], {}, '--unsecured listens on loopback only'],
])('%j with %j is refused with words', (argv, env, message) => {
  expect(() => parseServerConfig(argv, env)).toThrow(message)
})

test('signs of life go with a short lease, unless they are set', () => {
  const heartbeatMs = (env: Record<string, string>) => parseServerConfig([], env).runtimeHeartbeatMs
  expect(heartbeatMs({})).toBe(10_000)
  expect(heartbeatMs({ ROWHOUSE_RUNTIME_LEASE_MS: '3000' })).toBe(1_000)
  expect(heartbeatMs({ ROWHOUSE_RUNTIME_LEASE_MS: '3000', ROWHOUSE_RUNTIME_HEARTBEAT_MS: '2000' })).toBe(2_000)
  expect(heartbeatMs({ ROWHOUSE_RUNTIME_LEASE_MS: '60000' })).toBe(10_000)
})

test.each([
  [['--host', '0.0.0.0', '--behind-proxy']],
  [['--host', '10.0.0.1', '--tls-cert', 'a.pem', '--tls-key', 'b.pem']],
  [['--host', '127.0.0.2', '--unsecured']],
  [['--host', '::1']],
])('%j is taken', (argv) => {
  expect(() => parseServerConfig(argv, {})).not.toThrow()
})

test.each([
  ['127.0.0.1', true],
  ['localhost', true],
  ['::1', true],
  ['127.evil.example', false],
  ['0.0.0.0', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('every variable is described and starts with ROWHOUSE_', () => {
  const table = describeSettings()
  for (const { variable, meaning } of Object.values(settings)) {
    expect(variable).toMatch(/^ROWHOUSE_[A-Z_]+$/)
    expect(table).toContain(variable)
    expect(table).toContain(meaning)
  }
})
