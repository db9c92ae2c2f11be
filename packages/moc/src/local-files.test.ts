import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lastingAsset, localPath, readTextFile } from './local-files.ts'

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
