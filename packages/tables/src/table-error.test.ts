import { expect, test } from 'vitest'
import { readError } from './table-error.ts'

test.each([
  ['ENOENT', 'FileMissing', '/data/in.csv does not exist'],
  ['EISDIR', 'IsDirectory', '/data/in.csv is a folder, not a file'],
  ['EACCES', 'NotReadable', '/data/in.csv may not be read by this user'],
  ['EIO', 'ReadFailed', '/data/in.csv could not be read: EIO: said the disk'],
])('a file that cannot be read for %s is told in words', (code, expected, message) => {
  const cause = Object.assign(new Error(`${code}: said the disk`), { code })
  expect(readError('/data/in.csv', cause)).toMatchObject({ code: expected, message, cause })
})
