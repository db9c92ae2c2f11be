/**
 * Users and passwords in URLs (INPUT_FILE `http://KEY:SECRET@host/…`) serve the diagram and its jobs. In the tables they stand encrypted
 * in their place (`http://sealed:…@host/…`), so that whoever shows a URL without its user part needs no key; they go with the instance.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { withoutUserParts } from '@rowhouse/http'

export interface Vault {
  /** The same value with each user part encrypted. */
  seal<T>(value: T): T
  open<T>(value: T): T
}

/** AES-256-GCM with a key of this wing's own, made from the server's. */
export function makeVault(secretKey: Uint8Array): Vault {
  const key = new Uint8Array(hkdfSync('sha256', secretKey, '', 'rowhouse mlc variables', 32))
  return {
    seal: (value) => mapTexts(value, (text) => withoutUserParts(text, (userPart) => sealUserPart(key, userPart))),
    open: (value) =>
      mapTexts(value, (text) =>
        text.includes(mark) ? withoutUserParts(text, (userPart) => openUserPart(key, userPart)) : text,
      ),
  }
}

export function withoutCredentials<T>(value: T): T {
  return mapTexts(value, (text) => withoutUserParts(text))
}

const mark = 'sealed:'

function sealUserPart(key: Uint8Array, userPart: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const text = Buffer.concat([cipher.update(userPart, 'utf8'), cipher.final()])
  return `${mark}${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}@`
}

/** Sealed with another key: the URL is left without a user part, and the store it names says that one is wanted. */
function openUserPart(key: Uint8Array, userPart: string): string {
  if (!userPart.startsWith(mark)) return userPart
  const sealed = Buffer.from(userPart.slice(mark.length, -1), 'base64url')
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
