import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seal, splitUrl, takeCredentials, unseal, withParameters } from './credentials.ts'

describe('credentials in URLs', () => {
  it('are taken out of every asset and named by its path', () => {
    const { clean, credentials } = takeCredentials({
      inputData: [
        { assetType: 'FILE', fileContentString: 'a' },
        { assetType: 'EXTERNAL_FILE', fileUrl: 'http://KEY:SECRET@host:9000/bucket/in.csv' },
      ],
      outputData: [{ repositoryInfo: { connectionUri: 'postgresql://bob:pw@db:5432/x' }, assetType: 'SQL' }],
    })
    expect(JSON.stringify(clean)).not.toMatch(/SECRET|bob/)
    expect(clean.inputData[1]).toMatchObject({ fileUrl: 'http://host:9000/bucket/in.csv' })
    expect(credentials).toEqual({
      'inputData[1]': { username: 'KEY', password: 'SECRET' },
      'outputData[0]': { username: 'bob', password: 'pw' },
    })
  })

  it('are taken out of names that hold the URL, too, and of a URL behind blanks', () => {
    const name = 'http://KEY:SECRET@host/in.csv'
    const { clean } = takeCredentials({ inputData: [{ name, filename: name, fileUrl: ` ${name}` }] })
    const open = 'http://host/in.csv'
    expect(clean.inputData).toEqual([{ name: open, filename: open, fileUrl: open }])
    const presigned = 'https://host/in.csv?X-Amz-Signature=SECRET&part=1'
    const asset = { name: presigned, filename: presigned, fileUrl: presigned }
    expect(JSON.stringify(takeCredentials({ inputData: [asset] }).clean)).not.toContain('SECRET')
  })

  it('are taken out of parameters of a job at every depth, and put back for the runtime', () => {
    const jobParameters = {
      '--conf': 'spark.db=jdbc:postgresql://bob:SECRET@db/x --verbose',
      depth: [{ 'a.b': ['http://KEY:SECRET@host/in.csv', 5, null] }, 'https://host/x?sig=SECRET&part=1'],
      fileUrl: 'http://KEY:SECRET@host/in.csv',
      plain: 'a@b.c',
      timeoutSeconds: 5,
    }
    const inputData = [{ fileUrl: 'http://KEY:SECRET@host/in.csv' }]
    const { clean, credentials } = takeCredentials({ id: 'j', inputData, jobParameters })
    expect(JSON.stringify(clean)).not.toContain('SECRET')
    expect(clean.jobParameters).toMatchObject({
      '--conf': 'spark.db=jdbc:postgresql://db/x --verbose',
      plain: 'a@b.c',
      timeoutSeconds: 5,
    })
    const { job, credentials: rest } = withParameters(clean, credentials)
    expect(job).toEqual({ id: 'j', inputData: [{ fileUrl: 'http://host/in.csv' }], jobParameters })
    expect(rest).toEqual({ 'inputData[0]': { username: 'KEY', password: 'SECRET' } })
  })

  it('go back to the parameter they came from, whatever the names of others', () => {
    const jobParameters = {
      'db.url': 'http://K:SECRET@one/x',
      db: { url: 'http://two/y' },
      'a[0]': 'c',
      a: ['http://A:B@c/d'],
    }
    const { clean, credentials } = takeCredentials({ jobParameters })
    expect(withParameters(clean, credentials).job).toEqual({ jobParameters })
  })

  it('are not the container of a store of Azure', () => {
    const fileUrl = 'abfss://data@acct.dfs.core.windows.net/in.csv'
    const document = { inputData: [{ fileUrl, name: fileUrl }], jobParameters: { '--in': fileUrl } }
    expect(takeCredentials(document)).toEqual({ clean: document, credentials: {} })
    expect(splitUrl('wasbs://data:SECRET@acct/in.csv').credential).toEqual({ username: 'data', password: 'SECRET' })
  })

  it('are found even with letters that do not belong into a URL', () => {
    expect(splitUrl('s3://AKIA:wJalr/XUtn+FEMI@bucket/key')).toEqual({
      url: 's3://bucket/key',
      credential: { username: 'AKIA', password: 'wJalr/XUtn+FEMI' },
    })
    expect(splitUrl('http://KEY:a%40b@h/x').credential).toEqual({ username: 'KEY', password: 'a@b' })
  })

  it('are the signature of a presigned URL, too', () => {
    expect(splitUrl('https://KEY:pw@h/in.csv?sv=1&sig=a%2Bb')).toEqual({
      url: 'https://h/in.csv?sv=1',
      credential: { username: 'KEY', password: 'pw', query: 'sig=a%2Bb' },
    })
    expect(splitUrl('https://h/in.csv?X-Amz-Signature=abc').credential).toEqual({
      username: '',
      password: '',
      query: 'X-Amz-Signature=abc',
    })
  })

  it('are not seen where an @ belongs to the path', () => {
    for (const url of [
      'http://host/logo@2x.png',
      'http://host:8080/a@b.csv',
      'file:///data/a@b.csv',
      'https://h/x?mail=a@b.c',
      'x.csv',
    ]) {
      expect(splitUrl(url)).toEqual({ url })
    }
  })

  it('leave no trace of a password in the URL, whatever it is', () => {
    const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9+/=_-]{8,30}$/)
    fc.assert(
      fc.property(word, word, (username, password) => {
        const split = splitUrl(`https://${username.replaceAll('/', '_')}:${password}@host.example/path/in.csv`)
        expect(split.url).toBe('https://host.example/path/in.csv')
        expect(split.credential?.password).toBe(password)
      }),
    )
  })

  it('come back from their encryption, and only with the right key', () => {
    const key = randomBytes(32)
    const sealed = seal(key, { username: 'u', password: 'geheim' })
    expect(sealed.includes('geheim')).toBe(false)
    expect(unseal(key, sealed)).toEqual({ username: 'u', password: 'geheim' })
    expect(() => unseal(randomBytes(32), sealed)).toThrow(/secret key/)
  })
})
