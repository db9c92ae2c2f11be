import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clean, makeFolder, startUp } from './program.ts'

let folder: string
/** Self-signed for localhost, valid for a hundred years, used nowhere else. */
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

beforeEach(() => {
  folder = makeFolder()
})

afterEach(() => clean(folder))

function statusOf(url: string): Promise<number | undefined> {
  const ca = readFileSync(fixture('localhost-cert.pem'))
  return new Promise((settle, fail) => {
    get(url, { ca, agent: false }, (answer) => answer.resume().on('end', () => settle(answer.statusCode))).on(
      'error',
      fail,
    )
  })
}

test('with TLS files it listens beyond loopback, in nothing but TLS, and its own runtime trusts it', async () => {
  const files = ['--tls-cert', fixture('localhost-cert.pem'), '--tls-key', fixture('localhost-key.pem')]
  const up = await startUp(folder, ['--host', '0.0.0.0', ...files])
  expect(up.url).toMatch(/^https:\/\/localhost:\d+$/)
  expect(await statusOf(`${up.url}/health/ready`)).toBe(200)
  await expect(fetch(`${up.url.replace('https:', 'http:')}/health/ready`)).rejects.toThrow()
  await expect.poll(() => up.stderr.join('\n')).toMatch(/runtime local: registered with https:/)
})

test('behind a proxy that does TLS it listens beyond loopback without', async () => {
  const up = await startUp(folder, ['--host', '0.0.0.0', '--behind-proxy', '--no-runtime'])
  expect(up.url).toMatch(/^http:\/\/localhost:\d+$/)
  expect((await fetch(`${up.url}/health/ready`)).status).toBe(200)
})
