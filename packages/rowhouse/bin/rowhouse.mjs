#!/usr/bin/env node
// Runs what was built, else the sources. Plain JavaScript that an old Node can read: it finds a newer one or says what to do.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = fileURLToPath(new URL('..', import.meta.url))
const packages = join(home, '..')
const built = join(home, 'dist', 'main.js')
const source = join(home, 'src', 'main.ts')

// npx tells a signal to the shell in between, which dies of it and tells nobody
if (process.env.npm_command === 'exec') {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 300).unref()
}

const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) await run()
else onNewerNode()

async function run() {
  if (!existsSync(source) || (process.env.ROWHOUSE_FROM_SOURCE !== '1' && isUpToDate()))
    return import(pathToFileURL(built).href)
  const { registerHooks } = await import('node:module')
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
  })
  return import(pathToFileURL(source).href)
}

/** A checkout whose sources were changed after the last build runs from them. */
function isUpToDate() {
  if (!existsSync(built)) return false
  const rooms = [
    'contract',
    'bpmn',
    'tables',
    'postgres',
    'http',
    'model-manage',
    'mlc',
    'gateway',
    'runtime',
    'rowhouse',
  ]
  return rooms.every((room) => {
    const stamp = join(packages, room, 'dist', '.tsbuildinfo')
    return existsSync(stamp) && newest(join(packages, room, 'src')) <= statSync(stamp).mtimeMs
  })
}

function newest(folder) {
  let latest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue
    latest = Math.max(latest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs)
  }
  return latest
}

/** The same command on the Node that the project brought along. */
function onNewerNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const node = join(
    packages,
    '..',
    '.toolchain',
    'node_modules',
    `node-${platform}-${process.arch}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (!existsSync(node)) {
    process.stderr.write(
      `Rowhouse needs Node 22.18 or newer; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org, or run "npm run build" in the project, which brings its own.\n`,
    )
    process.exit(1)
  }
  // the channel ends the other one when this process is killed
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    process.stderr.write(`${node} could not be started: ${error.message}\n`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
