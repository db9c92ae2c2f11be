/** What is typed, before any gateway is asked: help at every level, mistypings, and where output goes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const main = resolve(import.meta.dirname, '..', 'src', 'main.ts')
let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'moc-usage-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function moc(args: string[], more: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH ?? '', HOME: home, NO_COLOR: '1', ...more }
  const program = ['--conditions=source', main, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { env, encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

describe('help', () => {
  it.each([
    [['--help'], 'moc [options] [command]'],
    [['-h'], 'moc [options] [command]'],
    [['help'], 'moc [options] [command]'],
    [['job', '--help'], 'moc job [options] [command]'],
    [['help', 'job'], 'moc job [options] [command]'],
    [['help', 'runtime', 'tag'], 'moc runtime tag [options] [command]'],
    [['runtime', 'endpoint', 'rm', '--help'], 'moc runtime endpoint rm [options] <runtime>'],
    [
      ['help', 'job', 'create', 'deployedbatch'],
      'moc job create deployedbatch [options] <deployment-id> <input-file> <output-file>',
    ],
    [['job', 'create', 'batchjob', '-h'], 'moc job create batchjob [options] <model-id> <input-file> <output-file>'],
  ])('moc %j is on stdout and no failure', (args, usage) => {
    const ran = moc(args)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.split('\n')[0]).toBe(`Usage: ${usage}`)
  })

  it.each([
    ['snapshot', 'create'],
    ['runtime', 'ls'],
    ['job', 'rerun'],
    ['job', 'cancel'],
  ])('moc %s %s says what each option means, and no empty list', (...words) => {
    const { stdout } = moc(['help', ...words])
    expect(stdout).not.toContain('[]')
    for (const line of stdout.split('\n').filter((each) => /^ {2}-/.test(each))) expect(line).toMatch(/\S {2,}\S/)
  })

  it.each(['--version', '-v'])('%s is one line', (flag) => {
    expect(moc([flag])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('a mistyping is 2, with what was meant', () => {
  it.each([
    [['jbo', 'ls'], /unknown command 'jbo'\n\(Did you mean job\?\)\n\(moc has: init, .*; see moc --help\)/],
    [
      ['job', 'lst'],
      /unknown command 'lst'\n\(Did you mean ls\?\)\n\(moc job has: create, ls, .*; see moc job --help\)/,
    ],
    [['model', 'delete', 'x'], /unknown command 'delete'\n\(moc model has: ls, get, import; see moc model --help\)/],
    [['help', 'job', 'destroy'], /unknown command 'destroy'/],
    [['job', 'status'], /missing required argument 'job-id'\nUsage: moc job status \[options\] <job-id>/],
    [['job', 'status', 'a', 'b'], /too many arguments .*\nUsage: moc job status/],
    [['job', 'ls', '--statsu', 'X'], /unknown option '--statsu'\n\(Did you mean --status\?\)/],
    [['mlc', 'trigger', 'body.json'], /required option '--file <file>' not specified\nUsage: moc mlc trigger/],
    [['job', 'ls', '-o', 'xml'], /It is one of table, json, yaml/],
    [['job', 'status', ''], /argument 'job-id' is empty\nUsage: moc job status/],
    [['mlc', 'retry', ' \r'], /argument 'process-instance-id' is empty/],
    [['deployment', 'ls', ''], /argument 'model' is empty/],
    [['runtime', 'tag', 'add', 'local', 'DEV', ''], /argument 'tags' is empty/],
    [['job', 'create', 'deployedbatch', 'd', 'in.csv', ''], /argument 'output-file' is empty/],
    [['deployment', 'ls', '--tag', ''], /option '--tag <tag>' is empty/],
    [['job', 'ls', '--status='], /option '--status <status>' is empty/],
    [['snapshot', 'create', 'm', '--tag', 'a', '--tag', ''], /option '--tag <tag>' is empty/],
  ])('moc %j', (args, words) => {
    const ran = moc(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(words)
  })
})

describe('how to print', () => {
  it.each([
    [['-o', 'json', 'show']],
    [['show', '-o', 'json']],
    [['show', '-ojson']],
    [['show', '-o=json']],
    [['show', '--output-format=json']],
  ])('may be said as in moc %j', (args) => {
    const ran = moc(args, { ROWHOUSE_MOC_GATEWAY: 'http://127.0.0.1:1/' })
    expect(JSON.parse(ran.stdout)).toMatchObject({ gatewayUrl: 'http://127.0.0.1:1', signedIn: false })
  })

  it('a reader that has seen enough is no failure', () => {
    const ran = spawnSync('sh', ['-c', `"$0" --conditions=source "$1" --help | true`, process.execPath, main], {
      encoding: 'utf8',
    })
    expect(ran).toMatchObject({ status: 0, stderr: '' })
  })

  it.runIf(process.platform === 'linux')('a full disk behind stdout is one sentence and 1', () => {
    const ran = spawnSync('sh', ['-c', `"$0" --conditions=source "$1" --help > /dev/full`, process.execPath, main], {
      encoding: 'utf8',
    })
    expect(ran).toMatchObject({ status: 1, stderr: 'moc: stdout cannot be written (ENOSPC)\n' })
  })
})

describe('the configuration', () => {
  const elsewhere = 'http://127.0.0.1:2'

  it('its tokens are for its own gateway: another one in the environment does not see them', () => {
    const config = join(home, 'config.json')
    writeFileSync(config, JSON.stringify({ gatewayUrl: 'http://127.0.0.1:1', username: 'me', accessToken: 't' }))
    const show = (env: Record<string, string>) =>
      JSON.parse(moc(['show', '-o', 'json'], { ROWHOUSE_MOC_CONFIG: config, ...env }).stdout)
    expect(show({})).toMatchObject({ signedIn: true, username: 'me' })
    expect(show({ ROWHOUSE_MOC_GATEWAY: 'http://127.0.0.1:1' })).toMatchObject({ signedIn: true })
    expect(show({ ROWHOUSE_MOC_GATEWAY: elsewhere })).toMatchObject({ gatewayUrl: elsewhere, signedIn: false })
  })
})
