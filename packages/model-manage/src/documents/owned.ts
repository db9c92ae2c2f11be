import { InputError } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { Work } from '../context.ts'
import type { Document, OwnedRow } from '../rows.ts'
import { isRecord } from './merge-patch.ts'

/** Members the server writes; in a request they are ignored, so that a document can be sent back as it was read. */
const ownedMembers = new Set([
  'id',
  'version',
  'versionNumber',
  'createdDate',
  'lastModifiedDate',
  'createdBy',
  'lastModifiedBy',
  '_links',
  '_embedded',
])

export function withoutOwned(body: Document, more: readonly string[] = []): Document {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !ownedMembers.has(key) && !more.includes(key)))
}

/** The members that all documents begin with. */
export function ownedBody(row: Omit<OwnedRow, 'seq'>) {
  return {
    id: row.id,
    group: row.group_name,
    version: row.version,
    createdDate: row.created_at.toISOString(),
    lastModifiedDate: row.modified_at.toISOString(),
    createdBy: row.created_by,
    lastModifiedBy: row.modified_by,
  }
}

/** Values of the owned columns of a new document. */
export function ownedColumns(id: string, now: Date, who: string, group: unknown) {
  return { id, created_at: now, modified_at: now, created_by: who, modified_by: who, group_name: groupOf(group) }
}

/** Columns that each edit of a document writes. */
export function editedColumns({ now, who }: Work, before: Pick<OwnedRow, 'group_name'>, patch: Document) {
  return {
    group_name: patch.group === undefined ? before.group_name : groupOf(patch.group),
    version: sql<number>`version + 1`,
    modified_at: now,
    modified_by: who,
  }
}

/** The group that a request names; null is none. */
function groupOf(given: unknown): string | null {
  if (given === undefined || given === null) return null
  if (typeof given === 'string') return given
  throw new InputError('InvalidField', "'group' must be a text: the name of a group, or null for none", {
    field: 'group',
  })
}

export function selfLink(href: string): { self: { href: string } } {
  return { self: { href } }
}

export function recordOf(value: unknown): Document {
  return isRecord(value) ? value : {}
}
