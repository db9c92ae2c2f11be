import type { Context } from '../context.ts'
import { followInstance } from '../follow-instance.ts'

export function run(context: Context, [processInstanceId = '']: string[]): Promise<void> {
  return followInstance(context, processInstanceId)
}
