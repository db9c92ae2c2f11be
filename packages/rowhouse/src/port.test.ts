import dns from 'node:dns'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test, vi } from 'vitest'
import { choosePort } from './port.ts'

const range = '/proc/sys/net/ipv4/ip_local_port_range'
/** The least port that the system gives to who asks for any. */
const systemsFirst = existsSync(range) ? Number.parseInt(readFileSync(range, 'utf8'), 10) : 49_152

test.runIf(systemsFirst > 30_000)('any port is one that the system gives to nobody unasked', async () => {
  const chosen = await Promise.all(Array.from({ length: 50 }, () => choosePort('127.0.0.1', '0')))
  expect(chosen.filter((port) => port < 20_000 || port >= systemsFirst)).toEqual([])
  expect(new Set(chosen).size).toBeGreaterThan(40)
})

test('a port that is taken, or that is none, is told with the option', async () => {
  const other = createServer()
  const port = await new Promise<number>((settle) =>
    other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
  )
  await expect(choosePort('127.0.0.1', String(port))).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --port`,
  )
  await new Promise((settle) => other.close(settle))
  await expect(choosePort('127.0.0.1', '65536')).rejects.toThrow('it must be a whole number from 0 to 65535')
  await expect(choosePort('no-such-host.invalid', '0')).rejects.toThrow('Choose another address with --host')
})

test('a host that nobody knows is asked for once', async () => {
  const lookup = vi.spyOn(dns, 'lookup')
  await expect(choosePort('no-such-host.invalid', '0')).rejects.toThrow('Choose another address with --host')
  expect(lookup.mock.calls.filter(([host]) => host === 'no-such-host.invalid')).toHaveLength(1)
})
