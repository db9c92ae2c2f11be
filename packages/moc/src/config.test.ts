import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configPath, parseGatewayUrl, readConfig, writeConfig } from './config.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moc-config-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  ['http://127.0.0.1:8090', 'http://127.0.0.1:8090'],
  ['http://127.0.0.1:8090/', 'http://127.0.0.1:8090'],
  ['HTTPS://Host.Example/moc//', 'https://host.example/moc'],
  [' http://host/?a=b#/jobs ', 'http://host'],
])('the gateway %s is %s', (text, url) => {
  expect(parseGatewayUrl(text)).toBe(url)
})

it.each([
  ['host:8090', 'for instance http://host:8090'],
  ['host.example/moc', 'for instance http://host.example/moc'],
  ['ftp://host', 'for instance http://127.0.0.1:8090'],
  ['', 'for instance http://127.0.0.1:8090'],
  ['http://host:99999', 'for instance http://127.0.0.1:8090'],
  ['http://host/moc/mlc-service/rest', 'The gateway itself is http://host/moc'],
  ['http://host/gocli/token', 'The gateway itself is http://host'],
])('the gateway %s is refused with what to give', (text, words) => {
  expect(() => parseGatewayUrl(text)).toThrow(words)
})

it('lies where the environment says', () => {
  expect(configPath({ ROWHOUSE_MOC_CONFIG: '/a/b.json', XDG_CONFIG_HOME: '/x' })).toBe('/a/b.json')
  if (process.platform !== 'win32') expect(configPath({ XDG_CONFIG_HOME: '/x' })).toBe('/x/moc/config.json')
})

it('a user who is a mere number has none, and needs none', () => {
  const script = `import('${join(import.meta.dirname, 'session.ts')}').then(({ configInForce }) => {
    delete process.env.HOME
    if (process.getuid() === 0) process.setuid(4_000_001)
    console.log(configInForce({ ROWHOUSE_MOC_GATEWAY: 'http://host' }).gatewayUrl)
  })`
  const ran = execFileSync(process.execPath, ['--conditions=source', '-e', script], { encoding: 'utf8' })
  expect(ran).toBe('http://host\n')
})

it('is closed to others, and leaves nothing beside when it cannot be written', () => {
  const path = join(folder, 'new', 'config.json')
  writeConfig({ gatewayUrl: 'http://host' }, path)
  expect(readConfig(path)).toEqual({ gatewayUrl: 'http://host' })
  expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([0o600, 0o700])
  expect(() => writeConfig({ gatewayUrl: 'http://host' }, join(path, 'below-a-file'))).toThrow(
    /cannot be written to .*Name another file with ROWHOUSE_MOC_CONFIG/,
  )
  expect(() => writeConfig({ gatewayUrl: 'http://host' }, folder)).toThrow('cannot be written')
  if (process.platform === 'linux')
    expect(() => writeConfig({ gatewayUrl: 'http://host' }, '/proc/moc/config.json')).toThrow('cannot be written')
  expect(readdirSync(dirname(folder)).filter((name) => name.startsWith(`${basename(folder)}.`))).toEqual([])
})
