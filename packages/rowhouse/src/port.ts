import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** The port to listen on, free now: a clear word before anything is started. */
export async function choosePort(host: string, wanted: string): Promise<number> {
  const port = Number(wanted)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port is '${wanted}': it must be a whole number from 0 to 65535`)
  try {
    return port === 0 ? await freePort(host) : await listenOnce(host, port)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new Error(
        `Port ${port} on ${host} is taken by another program. Stop it, or choose another port with --port`,
      )
    if (code === 'EACCES')
      throw new Error(`Port ${port} may not be opened by this user. Choose another port with --port`)
    throw new Error(`${host} cannot be listened on (${message}). Choose another address with --host`)
  }
}

const freeFirst = 20_000
const freeLast = 32_767

/**
 * Any free port. What the system gives out by itself may go to another program before the server listens, and while it is started again:
 * one of those that nobody gets unasked is taken, where there are any.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const end = Math.min(freeLast + 1, systemsFirst())
  for (let tries = 0; tries < 20 && end - freeFirst > 1_000; tries++) {
    const port = await listenOnce(host, randomInt(freeFirst, end)).catch((error: NodeJS.ErrnoException) => {
      // Windows keeps whole ranges to itself; with a host that is none another port is no better
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') return null
      throw error
    })
    if (port !== null) return port
  }
  return listenOnce(host, 0)
}

/** Elsewhere than on Linux it is 49152 or not much less. */
function systemsFirst(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
  } catch {
    return freeLast + 1
  }
}

export function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => settle(typeof address === 'object' && address ? address.port : port))
    })
  })
}
