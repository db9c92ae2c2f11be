/**
 * What opens a URL (INPUT_FILE `http://KEY:SECRET@host/…`, or the signature of a presigned one) serves the diagram and its jobs. In the tables
 * it stands encrypted in its place (`http://sealed:…@host/…`, `?sig=sealed:…`), so that whoever shows a URL without it needs no key; it
 * goes with the instance.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { withoutSecretValues, withoutUserParts } from '@rowhouse/http'

export interface Vault {
  /** The same value with whatever opens a URL encrypted. */
  seal<T>(value: T): T
  open<T>(value: T): T
}

/** AES-256-GCM with a key of this wing's own, made from the server's. */
export function makeVault(secretKey: Uint8Array): Vault {
  const key = new Uint8Array(hkdfSync('sha256', secretKey, '', 'rowhouse mlc variables', 32))
  return {
    seal: (value) =>
      mapSecrets(value, { userPart: (part) => `${seal(key, part)}@`, queryValue: (part) => seal(key, part) }),
    open: (value) =>
      mapTexts(value, (text) =>
        text.includes(mark)
          ? mapSecrets(text, {
              userPart: (part) => (part.startsWith(mark) ? open(key, part.slice(0, -1)) : part),
              queryValue: (part) => (part.startsWith(mark) ? open(key, part) : part),
            })
          : text,
      ),
  }
}

export function withoutCredentials<T>(value: T): T {
  return mapSecrets(value, { userPart: () => '', queryValue: () => '' })
}

interface SecretMap {
  /** `user:password@` */
  userPart: (part: string) => string
  queryValue: (part: string) => string
}

function mapSecrets<T>(value: T, { userPart, queryValue }: SecretMap): T {
  return mapTexts(value, (text) => withoutSecretValues(withoutUserParts(text, userPart), queryValue))
}

const mark = 'sealed:'

function seal(key: Uint8Array, part: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const text = Buffer.concat([cipher.update(part, 'utf8'), cipher.final()])
  return `${mark}${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`
}

/** Sealed with another key: the URL is left without it, and the store it names says that it is wanted. */
function open(key: Uint8Array, part: string): string {
  const sealed = Buffer.from(part.slice(mark.length), 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    decipher.setAuthTag(sealed.subarray(12, 28))
    return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8')
  } catch {
    return ''
  }
}

/** Values without a text that changes stay the same object: most have none, and they may be large. */
function mapTexts<T>(value: T, map: (text: string) => string): T {
  return mapped(value, map) as T
}

function mapped(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  let isChanged = false
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => {
    const made = mapped(member, map)
    isChanged ||= made !== member
    return [name, made]
  })
  if (!isChanged) return value
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries)
}
