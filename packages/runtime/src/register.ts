/** A runtime's standing with the gateway: registered, for how long, and whether the gateway answers. One line in the log when that changes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, type Client, type RegisteredBody, type RegisterInput } from '@rowhouse/contract'
import { isTransient } from './run-job-retry.ts'

export interface Link {
  /** A call was answered (even by a refusal). */
  answered(): void
  /** A call was not; resolves after a pause that grows up to a second. */
  away(error: unknown): Promise<void>
}

/** Shorter absences are not worth a word: `rowhouse up` starts server and runtime at once. */
const unheardMs = 2_000

export function makeLink(gatewayUrl: string, log: (line: string) => void, signal: AbortSignal): Link {
  let failures = 0
  let awaySince = 0
  let isTold = false
  return {
    answered() {
      if (isTold) log(`the gateway at ${gatewayUrl} answers again`)
      failures = 0
      isTold = false
    },
    async away(error) {
      if (failures++ === 0) awaySince = performance.now()
      if (!isTold && performance.now() - awaySince > unheardMs) {
        isTold = true
        log(`the gateway at ${gatewayUrl} is away: ${messageOf(error)}; trying again until it is back`)
      }
      await sleep(Math.min(1_000, 50 * 2 ** Math.min(failures, 6)), undefined, { signal }).catch(() => {})
    },
  }
}

/** Until the gateway takes it; undefined when the runtime is stopped before. Throws when the gateway refuses. */
export async function register(
  client: Pick<Client, 'engines'>,
  body: RegisterInput,
  link: Link,
  signal: AbortSignal,
): Promise<RegisteredBody | undefined> {
  while (!signal.aborted) {
    try {
      const registered = await client.engines.register(body, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
      })
      link.answered()
      return registered
    } catch (error) {
      if (signal.aborted) return undefined
      if (error instanceof AppError && !isTransient(error)) throw error
      await link.away(error)
    }
  }
  return undefined
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
