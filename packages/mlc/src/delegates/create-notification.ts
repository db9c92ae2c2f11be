import type { NotificationInput } from '@rowhouse/contract'
import { type Delegate, type DelegateTask, findDocument, findText, withoutContents } from './delegate.ts'

type Severity = 'INFO' | 'WARNING' | 'ERROR'

export const createJobNotification: Delegate = {
  name: 'CreateJobNotification',
  run: async (task) => {
    const job = findDocument(task, 'JOB')
    const jobId = findText(task, 'JOB_ID') ?? job?.id
    const fallback = jobId === undefined ? `A batch job of process instance ${task.instance.id}` : `Job ${jobId}`
    return create(task, {
      ...common(task, `${fallback} ${String(job?.jobStatus ?? '')}`.trim()),
      notificationType: 'JobNotification',
      jobId,
    })
  },
}

export const createProcessNotification: Delegate = {
  name: 'CreateProcessNotification',
  run: (task) =>
    create(task, {
      ...common(task, `${task.definitionName ?? task.instance.definitionKey} reached '${task.call.activityId}'`),
      notificationType: 'ProcessNotification',
    }),
}

function common(task: DelegateTask, fallback: string): NotificationInput {
  const deployed = findDocument(task, 'DEPLOYED_MODEL') as
    | { deployableModel?: { id?: string; storedModel?: { id?: string } } }
    | undefined
  return {
    message: findText(task, 'message', 'MESSAGE') ?? fallback,
    severity: severityOf(findText(task, 'severity', 'SEVERITY')),
    processInstanceId: task.instance.id,
    deployableModelId: deployed?.deployableModel?.id,
    storedModelId: deployed?.deployableModel?.storedModel?.id,
  }
}

function severityOf(text: string | undefined): Severity {
  const upper = text?.toUpperCase()
  return upper === 'ERROR' || upper === 'WARNING' ? upper : 'INFO'
}

async function create(task: DelegateTask, input: NotificationInput) {
  const notification = await task.client.notifications.create(input, {
    idempotencyKey: task.call.key,
    signal: task.signal,
  })
  return { NOTIFICATION: withoutContents(notification) }
}
