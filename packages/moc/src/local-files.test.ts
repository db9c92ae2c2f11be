import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inputAsset, lastingAsset, localPath, outputAsset, readTextFile } from './local-files.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moc-files-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  ['UTF-8', Buffer.from('{"a":"é"}')],
  ['UTF-8 with a mark', Buffer.from('\uFEFF{"a":"é"}')],
  ['UTF-16 as Windows writes it', Buffer.from('\uFEFF{"a":"é"}', 'utf16le')],
  ['UTF-16 in the other order', Buffer.from('\uFEFF{"a":"é"}', 'utf16le').swap16()],
])('a text in %s is read without its mark', (_, content) => {
  writeFileSync(join(folder, 'text.json'), content)
  expect(readTextFile(join(folder, 'text.json'))).toBe('{"a":"é"}')
})

it('a tilde that the shell left alone is the home folder, elsewhere it is a letter', () => {
  expect(localPath('~/rows.csv')).toBe(join(homedir(), 'rows.csv'))
  expect(localPath('rows~/x.csv')).toBe('rows~/x.csv')
  expect(localPath('~rows.csv')).toBe('~rows.csv')
})

it.each([
  ['/data/my rows #1 100%.csv', 'file:///data/my%20rows%20%231%20100%25.csv'],
  ['/data/scores-{jobId}-{date}.csv', 'file:///data/scores-{jobId}-{date}.csv'],
  ['s3://bucket/{date}/in.csv', 's3://bucket/{date}/in.csv'],
])('the lasting place %s is the URL %s', (text, url) => {
  expect(lastingAsset(text).fileUrl).toBe(url)
})

const nowhere = makeClient({ baseUrl: 'http://127.0.0.1:1' })

it.each([
  ['ftp://host/rows.csv', "has the scheme 'ftp'; files are local paths or URLs of http, https, file, s3"],
  ['jdbc:postgresql://host/db', "has the scheme 'jdbc'"],
])('%s is no path: it is told what is read', async (text, words) => {
  await expect(inputAsset(nowhere, text)).rejects.toThrow(words)
  expect(() => outputAsset(text)).toThrow(words)
  expect(() => lastingAsset(text)).toThrow(words)
})

it('a dash is told where else stdin and stdout go', async () => {
  await expect(inputAsset(nowhere, '-')).rejects.toThrow('write stdin to a file, and name that')
  expect(() => outputAsset('-')).toThrow('fetch it later with moc job output <job-id> -')
})

it.each(['new/', '.', '..'])('the output %s is a folder, there or not', (name) => {
  expect(() => outputAsset(join(folder, '/') + name)).toThrow('is a folder; name a file')
})

it('a file that may not be read says so', () => {
  const path = join(folder, 'closed.csv')
  writeFileSync(path, 'a\n1\n', { mode: 0o000 })
  chmodSync(folder, 0o755)
  const script = `import('${join(import.meta.dirname, 'local-files.ts')}').then(async (files) => {
    if (process.getuid() === 0) process.setuid(65534) // nothing is unreadable to root
    const refused = await files.localFileAsset(undefined, '${path}', 'closed.csv').catch((error) => error)
    console.log(refused.kind, refused.message)
  })`
  const ran = execFileSync(process.execPath, ['--conditions=source', '-e', script], { encoding: 'utf8' })
  expect(ran).toBe(`InputError ${path} cannot be read: you may not read it\n`)
})
