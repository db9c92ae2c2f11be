// What the quickstart needs besides Node, looked at before anything is installed. Plain JavaScript without dependencies.
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'

/** What is missing, in one sentence; undefined when nothing is. */
export async function findObstacle(args) {
  return findPythonObstacle() ?? (await findPortObstacle(portOf(args)))
}

function findPythonObstacle() {
  const python = process.platform === 'win32' ? 'python' : 'python3'
  const script = 'import sys; print("%d.%d" % sys.version_info[:2])'
  const probe = spawnSync(python, ['-c', script], { encoding: 'utf8' })
  if (probe.error || probe.status !== 0)
    return `Python is missing: the quickstart scores with a Python model. Install Python 3.9 or newer (${python}) and try again.`
  const [major, minor] = probe.stdout.trim().split('.').map(Number)
  if (major > 3 || (major === 3 && minor >= 9)) return undefined
  return `Python ${probe.stdout.trim()} is too old. Install Python 3.9 or newer (${python}) and try again.`
}

/** undefined: what was given is no port, which the quickstart itself says. */
function portOf(args) {
  const at = args.findLastIndex((arg) => arg === '--port' || arg.startsWith('--port='))
  const text = at < 0 ? '8090' : args[at] === '--port' ? args[at + 1] : args[at].slice('--port='.length)
  const port = Number(text)
  return text && Number.isInteger(port) && port >= 0 && port <= 65535 ? port : undefined
}

function findPortObstacle(port) {
  if (port === undefined) return undefined
  return new Promise((settle) => {
    const server = createServer()
    server.once('error', ({ code, message }) => {
      const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened (${code ?? message})`
      const other = port === 8091 ? 8092 : 8091
      settle(
        `Port ${port} on 127.0.0.1 ${why}. Stop what uses it, or choose another: npm run quickstart -- --port ${other}`,
      )
    })
    server.listen(port, '127.0.0.1', () => server.close(() => settle(undefined)))
  })
}
