import type { RowChanges } from './state.ts'

/** Rows of one kind while a step works on them: what was given is never changed, a changed row is a copy. */
export class RowTable<Row extends { id: string }> {
  readonly #original: ReadonlyMap<string, Row>
  readonly #rows: Map<string, Row>

  constructor(rows: readonly Row[]) {
    this.#original = new Map(rows.map((row) => [row.id, row]))
    this.#rows = new Map(this.#original)
  }

  find(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  all(): Row[] {
    return [...this.#rows.values()]
  }

  where(holds: (row: Row) => boolean): Row[] {
    const found: Row[] = []
    for (const row of this.#rows.values()) if (holds(row)) found.push(row)
    return found
  }

  insert(row: Row): Row {
    this.#rows.set(row.id, row)
    return row
  }

  patch(id: string, change: Partial<Row>): void {
    const row = this.#rows.get(id)
    if (row !== undefined) this.#rows.set(id, { ...row, ...change })
  }

  remove(id: string): void {
    this.#rows.delete(id)
  }

  /** Rows for which `isStored` is false are left out, as if they had never been. */
  changes(isStored: (row: Row) => boolean): RowChanges<Row> {
    const upserts: Row[] = []
    for (const row of this.#rows.values()) {
      const before = this.#original.get(row.id)
      if (before !== row && isStored(row) && !isSame(before, row)) upserts.push(row)
    }
    const deletes = [...this.#original.keys()].filter((id) => !this.#rows.has(id))
    return { upserts, deletes }
  }
}

function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (left instanceof Date || right instanceof Date) {
    return left instanceof Date && right instanceof Date && left.getTime() === right.getTime()
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every(
    (key) => key in right && isSame((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  )
}
