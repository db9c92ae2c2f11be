import { InputError, Unmet } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { refuseUnknown } from '../../follow-instance.ts'

interface RetryOptions {
  set?: string[]
}

/** What failed is tried once more, after the variables were put right. */
export async function run(context: Context, [id = '']: string[], options: RetryOptions): Promise<void> {
  const variables = (options.set ?? []).map(parseVariable)
  const { mlc } = context.client()
  await refuseUnknown(context.client(), id)
  const incidents = await mlc.incidents(id)
  if (incidents.length === 0) throw new Unmet('NothingToRetry', `Process instance ${id} has no incident`)
  for (const { name, value } of variables) await mlc.setVariable(id, name, { value, type: 'String' })
  for (const { incidentType, configuration, activityId } of incidents) {
    if (configuration === null) throw new Unmet('NothingToRetry', `The incident at ${activityId} names no work to try`)
    await mlc.setRetries(incidentType === 'failedExternalTask' ? 'external-task' : 'job', configuration, 1)
    context.output.say(`Another try at ${activityId}. See: moc follow ${id}`)
  }
}

function parseVariable(text: string): { name: string; value: string } {
  const at = text.indexOf('=')
  if (at < 1) throw new InputError('BadVariable', `--set takes NAME=VALUE, not '${text}'`)
  return { name: text.slice(0, at), value: text.slice(at + 1) }
}
