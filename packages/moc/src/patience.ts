/**
 * A wait outlives a server that is away for a while (restarted, or behind a proxy that is): what is waited for goes on without us. Where
 * nothing has ever answered, nothing is waited for: the first failure is told at once.
 */
import { AppError } from '@rowhouse/contract'

const patienceMs = 300_000

export interface Patience {
  /** undefined when nobody answers for now: look again. */
  look<T>(call: () => Promise<T>): Promise<T | undefined>
}

export function makePatience(say: (text: string) => void, hasAnswered: boolean): Patience {
  let answered = hasAnswered
  let awaySince: number | undefined
  return {
    look: async (call) => {
      try {
        const seen = await call()
        if (awaySince !== undefined) say('The server answers again')
        answered = true
        awaySince = undefined
        return seen
      } catch (error) {
        if (!answered || !(error instanceof AppError) || error.kind !== 'Unavailable') throw error
        if (awaySince === undefined) say(`${error.message}; looking again for ${patienceMs / 60_000} minutes`)
        awaySince ??= Date.now()
        if (Date.now() - awaySince > patienceMs) throw error
        return undefined
      }
    },
  }
}
