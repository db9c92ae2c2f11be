import { describe, expect, it } from 'vitest'
import { withoutSecrets, withoutUserParts } from './log.ts'

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
  ])('%s is shown as %s', (text, shown) => {
    expect(withoutUserParts(text)).toBe(shown)
  })

  it('is logged without the values of secret members of its query', () => {
    expect(withoutSecrets('/x?token=abc&page=2')).toBe('/x?token=[removed]&page=2')
  })
})
