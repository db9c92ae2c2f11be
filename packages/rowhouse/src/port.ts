import { createServer } from 'node:net'

/** The port to listen on, free now: a clear word before anything is started. */
export async function choosePort(host: string, wanted: string): Promise<number> {
  const port = Number(wanted)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port is '${wanted}': it must be a whole number from 0 to 65535`)
  try {
    return await listenOnce(host, port)
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
