// From a bare clone to a running task, with nothing but Node 20 and npm: finds or installs a Node that is new enough, installs the
// packages of the lock file, builds, and runs the task. Plain JavaScript without dependencies, since nothing is installed yet.
//
//   node scripts/bootstrap.mjs quickstart|test|build|check|bench|format [arguments]
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findObstacle } from './preflight.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const toolchain = join(root, '.toolchain')
/** Node's package for this platform on the npm registry; the version is the one the project is tested with. */
const nodeVersion = '24.21.0'
const nodeMinimum = [22, 18]

const parent = process.ppid
let wasTold = false

await main(process.argv.slice(2))

async function main([task, ...args]) {
  refuseOldNode()
  const tasks = { quickstart, test, build: () => 0, check, bench, format }
  if (task === undefined || !Object.hasOwn(tasks, task)) {
    fail(`Say what to do: ${Object.keys(tasks).join(', ')}`)
  }
  if (task === 'quickstart') {
    const obstacle = await findObstacle(args)
    if (obstacle !== undefined) fail(obstacle)
  }
  const node = await findNode()
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  await installPackages(env)
  if (task !== 'format') await build(env, node)
  process.exitCode = await tasks[task](env, node, args)
}

function quickstart(env, node, args) {
  return run(node, [join(root, 'scripts', 'quickstart', 'main.ts'), ...args], env, { takesSignalsTwice: true })
}

function test(env, node, args) {
  return run(node, [bin('vitest/vitest.mjs'), 'run', '--no-isolate', '--maxWorkers=2', ...args], env)
}

async function check(env, node, args) {
  const lint = await run(node, [bin('@biomejs/biome/bin/biome'), 'ci', '.'], env)
  if (lint !== 0) return lint
  const types = await run(node, [bin('typescript/bin/tsc'), '-p', 'tsconfig.test.json'], env)
  return types !== 0 ? types : test(env, node, args)
}

function bench(env, node, args) {
  return run(node, ['--conditions=source', join(root, 'bench', 'main.ts'), ...args], env)
}

function format(env, node) {
  return run(node, [bin('@biomejs/biome/bin/biome'), 'check', '--write', '.'], env)
}

function bin(path) {
  return join(root, 'node_modules', path)
}

function refuseOldNode() {
  const [major] = versionOf(process.versions.node)
  if (major < 20)
    fail(
      `Rowhouse needs Node 20 or newer to start; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and try again.`,
    )
}

/** The Node this runs on where it is new enough, else one installed into the project. */
async function findNode() {
  const [major, minor] = versionOf(process.versions.node)
  if (major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1])) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${platform}-${process.arch}`
  const home = join(toolchain, 'node_modules', name)
  const node = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(node) && JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version === nodeVersion)
    return node
  say(
    `Node ${process.versions.node} is too old for the packages used; installing Node ${nodeVersion} into the project (${name})`,
  )
  mkdirSync(toolchain, { recursive: true })
  const status = await npm(
    ['install', '--prefix', toolchain, '--no-save', '--no-package-lock', `${name}@${nodeVersion}`],
    process.env,
  )
  if (status !== 0 || !existsSync(node)) {
    fail(
      `Could not install ${name}@${nodeVersion} from the npm registry. Install Node ${nodeMinimum.join('.')} or newer yourself and try again.`,
    )
  }
  return node
}

/**
 * Unless the lock file is the one installed last. Not `npm ci`: it refuses a lock file that lacks an optional package of another platform, and a mirror
 * that does not carry all of them makes such lock files.
 */
async function installPackages(env) {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = join(root, 'node_modules', '.rowhouse-installed')
  const wanted = createHash('sha256')
    .update(lock)
    .update(process.platform + process.arch)
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('Installing packages')
  if ((await npm(['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], env)) !== 0) {
    fail('npm could not install the packages (its own words are above). Is the package registry reachable from here?')
  }
  writeFileSync(stamp, wanted)
}

async function build(env, node) {
  if (!existsSync(join(root, 'packages', 'moc', 'dist'))) say('Building')
  const compiled = await run(node, [bin('typescript/bin/tsc'), '-b'], env)
  if (compiled !== 0) {
    fail('The build failed (see above)')
  }
  const bundled = await run(node, [join(root, 'packages', 'moc', 'bundle.mjs')], env)
  if (bundled !== 0) fail('Bundling moc failed (see above)')
}

function npm(args, env) {
  const windows = process.platform === 'win32'
  return run(
    windows ? 'npm.cmd' : 'npm',
    args,
    { ...env, npm_config_update_notifier: 'false' },
    { shell: windows, stdio: ['ignore', 2, 2] },
  )
}

/**
 * Exit status as a shell gives it; the child's own words go straight through. We outlive the child. Signals are handed on, save for one: a Ctrl-C in the
 * terminal has reached the child by itself, and not all take a second one as the same wish. The end of npm, killed or told by a signal that it does not
 * hand on, is such a signal too.
 */
async function run(command, args, env, { takesSignalsTwice = false, ...options } = {}) {
  if (wasTold) process.exit(130)
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', ...options })
  const handOn = (signal) => {
    wasTold = true
    if (signal !== 'SIGINT' || !process.stdin.isTTY || takesSignalsTwice) child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn)
  const watch = setInterval(() => {
    if (process.ppid !== parent && !wasTold) handOn('SIGTERM')
  }, 300)
  const status = await new Promise((settle) => {
    child.once('error', (error) => fail(`${command} could not be started: ${error.message}`))
    child.once('exit', (code, signal) => settle(code ?? 128 + (constants.signals[signal] ?? 1)))
  })
  clearInterval(watch)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, handOn)
  if (wasTold && status !== 0) process.exit(status)
  return status
}

function versionOf(text) {
  return text.split('.').map(Number)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
