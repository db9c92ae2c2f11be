/**
 * What opens a URL, `KEY:SECRET@` or the signature in the query of a presigned one, is taken out at the door, before anything is stored or
 * logged. It is kept encrypted in a table of their own under the owning document's id and the asset's path (`inputData[0]`), follows the document
 * from model to snapshot to job, is handed out with a lease, and is deleted when the job ends. `jobParameters` are the model's to read: each
 * text there that holds such a URL is kept as a whole under its own path, and stands in its place again in the job of the lease.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Bug, type LeaseBody } from '@rowhouse/contract'
import { splitSecretQuery, withoutSecretValues, withoutUserParts } from '@rowhouse/http'
import type { Context, Reader, Tx } from '../context.ts'
import type { Document } from '../rows.ts'
import { isRecord } from './merge-patch.ts'

export type Credentials = LeaseBody['credentials']
type Credential = Credentials[string]

/** Takes credentials out of each URL in the document; keys of the answer are paths of the assets that held them. */
export function takeCredentials<T extends Document>(document: T, path = ''): { clean: T; credentials: Credentials } {
  const credentials: Credentials = {}
  const clean = walk(document, path, credentials) as T
  return { clean, credentials }
}

function walk(value: unknown, path: string, found: Credentials): unknown {
  if (Array.isArray(value)) return value.map((each, index) => walk(each, `${path}[${index}]`, found))
  if (typeof value === 'string') return isParameter(path) ? takeText(value, path, found) : value
  if (!isRecord(value)) return value
  const copy: Document = {}
  for (const [key, each] of Object.entries(value)) {
    const place = placeOf(path, key)
    if (typeof each !== 'string' || isParameter(place)) copy[key] = walk(each, place, found)
    else if (urlMembers.has(key)) {
      const { url, credential } = splitUrl(each)
      copy[key] = url
      // the connection of an SQL asset stands one level below it
      if (credential) found[path.replace(/\.repositoryInfo$/, '')] = credential
    } else copy[key] = nameMembers.has(key) ? splitUrl(withoutUserParts(each)).url : each
  }
  return copy
}

function takeText(text: string, path: string, found: Credentials): string {
  const open = withoutSecretValues(withoutUserParts(text))
  if (open !== text) found[path] = { username: '', password: text }
  return open
}

/** The job as a runtime gets it: its parameters whole again, the other credentials beside it. */
export function withParameters<T extends Document>(
  job: T,
  credentials: Credentials,
): { job: T; credentials: Credentials } {
  const entries = Object.entries(credentials)
  const texts = new Map(entries.flatMap(([path, { password }]) => (isParameter(path) ? [[path, password]] : [])))
  if (texts.size === 0) return { job, credentials }
  const put = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((each, index) => put(each, `${path}[${index}]`))
    if (!isRecord(value)) return texts.get(path) ?? value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, put(each, placeOf(path, key))]))
  }
  return {
    job: { ...job, jobParameters: put(job.jobParameters, 'jobParameters') },
    credentials: Object.fromEntries(entries.filter(([path]) => !isParameter(path))),
  }
}

/** Parameters have any names: `["a.b"]` is another place than `a.b`. */
function placeOf(path: string, key: string): string {
  if (path === '') return key
  return path.startsWith('jobParameters') && !/^[\w-]+$/.test(key)
    ? `${path}[${JSON.stringify(key)}]`
    : `${path}.${key}`
}
const isParameter = (path: string) => /^jobParameters[.[]/.test(path)

/** Where a document's credentials lead to, wherever it stands in it. */
export function addressesOf(document: unknown): string[] {
  if (typeof document !== 'object' || document === null) return []
  const found = Object.entries(document).flatMap(([key, each]) =>
    urlMembers.has(key) && typeof each === 'string' ? [`${key} ${splitUrl(each).url}`] : addressesOf(each),
  )
  return found.sort()
}

const urlMembers: ReadonlySet<string> = new Set(['fileUrl', 'connectionUri', 'repositoryRemote', 'browserUrl'])
/** Clients put the whole URL there, too. */
const nameMembers: ReadonlySet<string> = new Set(['name', 'filename'])
/** By pattern, not by URL parser: secrets with `/` or `+` (AWS keys) are common in such URLs and are not valid there. */
const userPartPattern = /^([a-z][a-z0-9+.-]*:\/\/)([^@?#\s]+)@(?=[^/])/i

export function splitUrl(text: string): { url: string; credential?: Credential } {
  const { url: opened, query } = splitSecretQuery(text.replace(/^\s+(?=[a-z][a-z0-9+.-]*:\/\/)/i, ''))
  const { url, user } = splitUser(opened)
  if (query === null && user === undefined) return { url: text }
  return { url, credential: { ...(user ?? { username: '', password: '' }), ...(query === null ? {} : { query }) } }
}

function splitUser(text: string): { url: string; user?: Pick<Credential, 'username' | 'password'> } {
  const match = userPartPattern.exec(text)
  const [whole, scheme, userPart] = match ?? []
  if (whole === undefined || scheme === undefined || userPart === undefined) return { url: text }
  const colon = userPart.indexOf(':')
  // `abfss://container@account…`
  if (colon === -1 && /^(?:abfs|wasb)s?:/i.test(scheme)) return { url: text }
  const slash = userPart.indexOf('/')
  // `http://host/path@2x.csv`: an @ in the path, no user part
  if (colon === -1 ? slash !== -1 : slash !== -1 && slash < colon) return { url: text }
  const username = colon === -1 ? userPart : userPart.slice(0, colon)
  const password = colon === -1 ? '' : userPart.slice(colon + 1)
  // `http://host:8080/a@b.csv`: a port and a path
  if (/^\d{1,5}\//.test(password)) return { url: text }
  return {
    url: scheme + text.slice(whole.length),
    user: { username: decode(username), password: decode(password) },
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** AES-256-GCM; nonce, tag and ciphertext in a row. */
export function seal(secretKey: Uint8Array, credential: Credential): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secretKey, nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify(credential), 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text])
}

export function unseal(secretKey: Uint8Array, sealed: Uint8Array): Credential {
  const decipher = createDecipheriv('aes-256-gcm', secretKey, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(12, 28))
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8')
    return JSON.parse(text) as Credential
  } catch (error) {
    throw new Bug(
      'a stored credential cannot be decrypted: the secret key is not the one it was stored with',
      {},
      error,
    )
  }
}

export async function putCredentials(ctx: Context, tx: Tx, ownerId: string, credentials: Credentials): Promise<void> {
  const rows = Object.entries(credentials).map(([path, credential]) => ({
    owner_id: ownerId,
    path,
    sealed: seal(ctx.secretKey, credential),
  }))
  if (rows.length === 0) return
  await tx
    .insertInto('model_manage.credential')
    .values(rows)
    .onConflict((on) => on.columns(['owner_id', 'path']).doUpdateSet((eb) => ({ sealed: eb.ref('excluded.sealed') })))
    .execute()
}

/** Credentials of several owners, each path as seen from its owner. */
export async function getCredentials(
  ctx: Context,
  reader: Reader | Tx,
  ownerIds: readonly string[],
): Promise<Map<string, Credentials>> {
  const byOwner = new Map<string, Credentials>()
  if (ownerIds.length === 0) return byOwner
  const rows = await reader
    .selectFrom('model_manage.credential')
    .selectAll()
    .where('owner_id', 'in', [...ownerIds])
    .execute()
  for (const row of rows) {
    const credentials = byOwner.get(row.owner_id) ?? {}
    credentials[row.path] = unseal(ctx.secretKey, row.sealed)
    byOwner.set(row.owner_id, credentials)
  }
  return byOwner
}

export async function dropCredentials(tx: Tx, ownerIds: readonly string[]): Promise<void> {
  if (ownerIds.length === 0) return
  await tx
    .deleteFrom('model_manage.credential')
    .where('owner_id', 'in', [...ownerIds])
    .execute()
}

/** `{modelAssets[0]: …}` seen from the snapshot: `{storedModel.modelAssets[0]: …}`. */
export function below(prefix: string, credentials: Credentials | undefined): Credentials {
  return Object.fromEntries(Object.entries(credentials ?? {}).map(([path, each]) => [`${prefix}.${path}`, each]))
}
