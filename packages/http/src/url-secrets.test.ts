import { describe, expect, it } from 'vitest'
import { splitSecretQuery, withoutSecrets, withoutSecretValues, withoutUserParts } from './url-secrets.ts'

describe('a text that holds URLs', () => {
  it.each([
    ['http://user:secret@host/a.csv', 'http://host/a.csv'],
    ['s3://AKIA:a/b+c/d=@bucket/key.csv', 's3://bucket/key.csv'],
    ['see http://a:b@h/x and ftp://c:d@i/y', 'see http://h/x and ftp://i/y'],
    ['{"fileUrl":"https://k:s@h/x"}', '{"fileUrl":"https://h/x"}'],
    ['http://user@host/a.csv', 'http://host/a.csv'],
    ['http://host/path@2x.csv', 'http://host/path@2x.csv'],
    ['http://host:8080/a@b.csv', 'http://host:8080/a@b.csv'],
    ['http://host/a?to=b@c', 'http://host/a?to=b@c'],
    ['ann@example.org', 'ann@example.org'],
    ['in=abfss://data@acct.dfs.core.windows.net/x', 'in=abfss://data@acct.dfs.core.windows.net/x'],
    ['wasb://data@a/x and abfss://k:s@a/x', 'wasb://data@a/x and abfss://a/x'],
  ])('%s is shown as %s', (text, shown) => {
    expect(withoutUserParts(text)).toBe(shown)
  })

  it('is logged without the values of secret members of its query', () => {
    expect(withoutSecrets('/x?token=abc&page=2')).toBe('/x?token=[removed]&page=2')
  })
})

it('the secret values of URLs in a text are replaced, and nothing outside of URLs', () => {
  const put = (value: string) => `<${value}>`
  const text = '{"a":"https://h/x?part=1&sig=a%2B&token=t#sig=1","b":"?sig=2"} and s3://b/k?key=v'
  expect(withoutSecretValues(text, put)).toBe(
    '{"a":"https://h/x?part=1&sig=<a%2B>&token=<t>#sig=1","b":"?sig=2"} and s3://b/k?key=<v>',
  )
  expect(withoutSecretValues('https://h/x?sig=a&b=1')).toBe('https://h/x?sig=&b=1')
})

it.each([
  ['letters', 'a'.repeat(1_000_000)],
  ['schemes', 'a://b:c'.repeat(150_000)],
  ['questions', 'a?b'.repeat(300_000)],
])('a million %s without a secret are looked through once', (_, text) => {
  const whole = `@ http://h/ ${text}`
  expect(withoutSecretValues(withoutUserParts(whole))).toBe(whole)
})

describe('a presigned URL', () => {
  it.each([
    [
      'https://b.s3.amazonaws.com/in.csv?X-Amz-Date=1&X-Amz-Signature=abc&X-Amz-Credential=k%2F2',
      'https://b.s3.amazonaws.com/in.csv?X-Amz-Date=1',
      'X-Amz-Signature=abc&X-Amz-Credential=k%2F2',
    ],
    [
      'https://a.blob.core.windows.net/c/in.csv?sv=2&sig=a%2Bb%3D',
      'https://a.blob.core.windows.net/c/in.csv?sv=2',
      'sig=a%2Bb%3D',
    ],
    [
      'https://storage.googleapis.com/b/o?GoogleAccessId=i&Expires=1&Signature=s',
      'https://storage.googleapis.com/b/o?Expires=1',
      'GoogleAccessId=i&Signature=s',
    ],
    ['https://h/in.csv?token=t#part', 'https://h/in.csv#part', 'token=t'],
    ['https://h/in.csv?API_KEY=t&x', 'https://h/in.csv?x', 'API_KEY=t'],
  ])('%s is split into its address and what opens it', (url, bare, query) => {
    expect(splitSecretQuery(url)).toEqual({ url: bare, query })
  })

  it.each([
    'https://h/in.csv?page=2&tokens=3',
    'https://h/in.csv?sig=',
    'https://h/sig=1',
    'in.csv?sig=1',
    'https://h/in.csv',
  ])('%s holds nothing secret', (url) => expect(splitSecretQuery(url)).toEqual({ url, query: null }))
})
