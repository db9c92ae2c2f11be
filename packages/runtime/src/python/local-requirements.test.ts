import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { resolveRequirements } from './local-requirements.ts'

let folder: string
let model: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowhouse-model-'))
  model = join(folder, 'model')
  mkdirSync(model)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, content: string): void {
  mkdirSync(dirname(join(model, path)), { recursive: true })
  writeFileSync(join(model, path), content)
}

const linesOf = async (text: string, path = 'requirements.txt') =>
  (await resolveRequirements(text, model, path)).text.split('\n').filter(Boolean)

it('a list that refers to another has its lines, those of folders and of UTF-16 too, each once', async () => {
  write('reqs/base.txt', 'numpy\n-r more.txt\n-r base.txt\n')
  writeFileSync(join(model, 'reqs/more.txt'), Buffer.from('\uFEFFpandas  # why\n', 'utf16le'))

  expect(await linesOf('-r reqs/base.txt\n--requirement=reqs/more.txt\nsix\n')).toEqual(['numpy', 'pandas', 'six'])
  expect(await linesOf('-rbase.txt', 'reqs/requirements.txt')).toEqual(['numpy', 'pandas'])
})

it('constraints, folders of wheels, wheels and packages beside the list are named by their full paths', async () => {
  write('c.txt', 'six==1.16.0\n')
  write('wheels/a-1.0-py3-none-any.whl', 'a')
  write('own/setup.py', '')

  const text =
    '-c c.txt\n--find-links wheels\nwheels/a-1.0-py3-none-any.whl ; python_version > "3"\n-e ./own\nown/[x]\n'
  expect(await linesOf(text)).toEqual([
    `-c ${model}/c.txt`,
    `--find-links ${model}/wheels`,
    `${model}/wheels/a-1.0-py3-none-any.whl ; python_version > "3"`,
    `${model}/own`,
    `${model}/own/[x]`,
  ])
})

it('what is elsewhere stays as it is: pip says what is wrong with it', async () => {
  const text = [
    '-r missing.txt',
    '-r /etc/hostname',
    '-r ../outside.txt',
    '-c https://example.com/c.txt',
    '--index-url https://example.com/simple',
    '--extra-index-url=https://example.com/more',
    '--no-index',
    './missing',
    '-e git+https://example.com/x.git#egg=x',
    'https://example.com/a-1.0.whl',
    'pandas[all] >= 1.0, < 2 ; python_version > "3.8"',
  ]
  writeFileSync(join(folder, 'outside.txt'), 'never\n')
  expect(await linesOf(text.join('\n'))).toEqual(text.map((line) => line.replace(/(^|\s)#.*$/, '')))
})

it('the key tells contents apart, and not where the model’s folder lies', async () => {
  const keyOf = async (content: string) => {
    write('w/a.whl', content)
    return (await resolveRequirements('w/a.whl\n', model, 'requirements.txt')).key
  }
  const first = await keyOf('one')
  expect(await keyOf('two')).not.toBe(first)
  expect(await keyOf('one')).toBe(first)
  expect(first).not.toContain(model)
  expect((await resolveRequirements('six\n', model, 'requirements.txt')).key).toBe('six\n')
})
