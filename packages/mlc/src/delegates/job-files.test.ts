import { expect, it } from 'vitest'
import { parseJobFiles } from './job-files.ts'

it.each([
  [
    '/data/in.csv',
    [{ assetType: 'EXTERNAL_FILE', name: 'in.csv', filename: 'in.csv', fileUrl: 'file:///data/in.csv' }],
  ],
  [
    '/data/a b%.csv',
    [{ assetType: 'EXTERNAL_FILE', name: 'a b%.csv', filename: 'a b%.csv', fileUrl: 'file:///data/a%20b%25.csv' }],
  ],
  [
    's3://bucket/in.csv?versionId=1',
    [{ assetType: 'EXTERNAL_FILE', name: 'in.csv', filename: 'in.csv', fileUrl: 's3://bucket/in.csv?versionId=1' }],
  ],
  ['in.csv', [{ assetType: 'EXTERNAL_FILE', name: 'in.csv', filename: 'in.csv', fileUrl: 'in.csv' }]],
  ['today/a b%#1.csv', [expect.objectContaining({ filename: 'a b%#1.csv', fileUrl: 'today/a b%#1.csv' })]],
  ['{"assetType":"FILE","name":"x"}', [{ assetType: 'FILE', name: 'x' }]],
  [{ assetType: 'FILE', name: 'x' }, [{ assetType: 'FILE', name: 'x' }]],
  [
    ['/a', '/b'],
    [expect.objectContaining({ fileUrl: 'file:///a' }), expect.objectContaining({ fileUrl: 'file:///b' })],
  ],
])('%j names files', (value, expected) => {
  expect(parseJobFiles(value, 'INPUT_FILE')).toEqual(expected)
})

it.each(['', ' ', '{broken', 5])('%j is refused by the name of its variable', (value) => {
  expect(() => parseJobFiles(value, 'INPUT_FILE')).toThrow('INPUT_FILE')
})

it('a URL whose name is no percent encoding is taken as it stands', () => {
  expect(parseJobFiles('http://host/%zz', 'INPUT_FILE')).toMatchObject([
    { fileUrl: 'http://host/%zz', filename: '%zz' },
  ])
})
