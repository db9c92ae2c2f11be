/**
 * What goes on without us. A command that only waits says so when the reader stops it; the sentences live as long as the wait
 * and are read by the one handler of SIGINT and SIGTERM in main.ts.
 */
const sentences: string[] = []

export async function withWordOnInterrupt<T>(sentence: string, wait: () => Promise<T>): Promise<T> {
  sentences.push(sentence)
  try {
    return await wait()
  } finally {
    sentences.splice(sentences.indexOf(sentence), 1)
  }
}

/** The innermost first, on a line of their own: a progress line may stand there. */
export function saysOnInterrupt(): string[] {
  return sentences.length === 0 ? [] : ['', ...sentences.toReversed()]
}
