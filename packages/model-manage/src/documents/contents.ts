/**
 * Contents of assets: sources and embedded files. In a stored document a content of some size is not the text itself but
 * `{"$content": "<sha256>"}`; the text lives once in model_manage.content. A job can so carry full copies of its model without
 * copying megabytes, and lists never read them.
 */
import { createHash } from 'node:crypto'
import { contentMembers } from '@rowhouse/contract'
import type { Kysely } from 'kysely'
import type { Document, Tables } from '../rows.ts'
import { isRecord } from './merge-patch.ts'
import { storableJson } from './storable-json.ts'

/** Shorter texts stay in the document. */
const inlineCharsMax = 512
const members: ReadonlySet<string> = new Set(contentMembers)

type Executor = Pick<Kysely<Tables>, 'insertInto' | 'selectFrom'>

/** Puts large contents away; answers the document as it is to be stored. */
export async function putContents<T extends Document>(tx: Executor, document: T): Promise<T> {
  const bodies = new Map<string, string>()
  const stored = mapContents(document, (content) => {
    if (typeof content !== 'string' || content.length <= inlineCharsMax) return content
    const body = content.replaceAll('\u0000', '\ufffd').toWellFormed()
    const sha256 = createHash('sha256').update(body).digest('hex')
    bodies.set(sha256, body)
    return { $content: sha256 }
  })
  if (bodies.size > 0) {
    const rows = [...bodies].map(([sha256, body]) => ({ sha256, body })).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
    await tx
      .insertInto('model_manage.content')
      .values(rows)
      .onConflict((on) => on.doNothing())
      .execute()
  }
  return stored as T
}

/** The document with all contents in place. */
export async function getContents<T>(reader: Executor, document: T): Promise<T> {
  const wanted = new Set<string>()
  mapContents(document, (content) => {
    const sha256 = contentRef(content)
    if (sha256 !== undefined) wanted.add(sha256)
    return content
  })
  if (wanted.size === 0) return document
  const rows = await reader
    .selectFrom('model_manage.content')
    .select(['sha256', 'body'])
    .where('sha256', 'in', [...wanted])
    .execute()
  const bodies = new Map(rows.map((row) => [row.sha256, row.body]))
  return mapContents(document, (content) => {
    const sha256 = contentRef(content)
    return sha256 === undefined ? content : (bodies.get(sha256) ?? null)
  }) as T
}

/** The document as lists and events show it. */
export function withoutContents<T>(document: T): T {
  return mapContents(document, () => undefined) as T
}

function contentRef(content: unknown): string | undefined {
  return isRecord(content) && typeof content.$content === 'string' ? content.$content : undefined
}

/** A deep copy with each content member replaced; undefined takes it away. */
function mapContents(value: unknown, replace: (content: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapContents(each, replace))
  if (!isRecord(value)) return value
  const copy: Document = {}
  for (const [key, each] of Object.entries(value)) {
    // null: the runtime says that its output has no such content
    const isContent = members.has(key) && (typeof each === 'string' || each === null || contentRef(each) !== undefined)
    const next = isContent ? replace(each) : mapContents(each, replace)
    if (next !== undefined) copy[key] = next
  }
  return copy
}

/** Stores contents and answers the document as jsonb text. */
export async function toStored(tx: Executor, document: Document): Promise<string> {
  return storableJson(await putContents(tx, document))
}
