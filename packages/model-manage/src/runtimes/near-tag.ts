/** Tags are compared exactly; these say which other tag was probably meant. */
export type NearTag = { tag: string; how: 'case' | 'spelling' }

/** The tag of `has` that is nearest to `wanted`: equal but for case, blanks and how accents are encoded, else within a third of its letters. */
export function nearestTag(wanted: string, has: readonly string[]): NearTag | undefined {
  const byCase = has.find((tag) => tag !== wanted && fold(tag) === fold(wanted))
  if (byCase !== undefined) return { tag: byCase, how: 'case' }
  let best: { tag: string; distance: number } | undefined
  for (const tag of has) {
    if (tag === wanted) continue
    const distance = editDistance(fold(tag), fold(wanted))
    if (distance <= Math.floor(Math.max(wanted.length, tag.length) / 3) && distance < (best?.distance ?? Infinity)) {
      best = { tag, distance }
    }
  }
  return best === undefined ? undefined : { tag: best.tag, how: 'spelling' }
}

function fold(tag: string): string {
  return tag.trim().normalize('NFC').toLowerCase()
}

/** Damerau-Levenshtein with adjacent swaps: `DVE` is one slip from `DEV`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let distance = Math.min(at(last, j) + 1, at(row, j - 1) + 1, substitution)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(before, j - 2) + 1)
      }
      row.push(distance)
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? 0
}

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
