/** A call that makes something, with an idempotency key or without: the same key and body get the first answer again, and nothing new is made. */
import type { CreateOptions } from '@rowhouse/contract'
import type { Output } from './output.ts'

export interface Making {
  options: CreateOptions
  /** `made` where the answer is new, else `found`: nobody is to read that something has just begun. */
  verb(made: string, found: string): string
}

export function makeOnce(output: Output, idempotencyKey: string | undefined): Making {
  let isReplayed = false
  const onReplayed = () => {
    isReplayed = true
    output.say(
      'The idempotency key was used before, with the same request: nothing new was made, this is what came of it',
    )
  }
  return {
    options: { ...(idempotencyKey === undefined ? {} : { idempotencyKey }), onReplayed },
    verb: (made, found) => (isReplayed ? found : made),
  }
}
