import { InputError, type SignalBody } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { followInstance } from '../../follow-instance.ts'
import { parseJsonObject } from '../../job-create.ts'
import { readTextFile } from '../../local-files.ts'
import { makeOnce } from '../../made-before.ts'
import { printMade } from '../../output.ts'

interface TriggerOptions {
  file: string
  wait?: boolean
  idempotencyKey?: string
}

const signalMembers = new Set(['name', 'variables', 'executionId', 'tenantId', 'withoutTenantId'])

export async function run(context: Context, _args: string[], options: TriggerOptions): Promise<void> {
  const text = readTextFile(options.file)
  const body = parseJsonObject(text, options.file) as SignalBody
  if (typeof body.name !== 'string' || body.name.trim() === '') {
    throw new InputError(
      'NoSignalName',
      `${options.file} names no signal. It needs the body of signalResponsive: {"name": "com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB", "variables": {…}}`,
    )
  }
  for (const member of Object.keys(body).filter((name) => !signalMembers.has(name)))
    context.output.say(
      `warning: a signal has no member '${member}', it is left out; it has: ${[...signalMembers].join(', ')}`,
    )
  const making = makeOnce(context.output, options.idempotencyKey)
  // as it is written: a number of the file may have more digits than one of ours holds
  const answer = await context.client().mlc.signalResponsive(text, making.options)
  for (const warning of answer.warnings ?? []) context.output.say(`warning: ${warning}`)
  const id = answer.processInstanceId
  if (id === null) {
    context.output.say(`The signal woke ${answer.notifiedExecutions.length} waiting executions and started no process`)
    return
  }
  const sentence = making.verb('Started process instance', 'Process instance')
  if (!options.wait) return printMade(context.output, sentence, { ...answer, id })
  context.output.say(`${sentence} ${id}`)
  try {
    await followInstance(context, id)
  } finally {
    await printMade(context.output, 'Process instance', { ...answer, id })
  }
}
