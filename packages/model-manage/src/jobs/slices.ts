/** Jobs of one statement: their documents are held at once. */
const sliceSize = 200

/** For statements over many jobs, in their order. */
export function slicesOf<T>(jobs: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(jobs.length / sliceSize) }, (_, n) =>
    jobs.slice(n * sliceSize, (n + 1) * sliceSize),
  )
}
