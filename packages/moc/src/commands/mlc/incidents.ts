import type { Context } from '../../context.ts'
import { refuseUnknown } from '../../follow-instance.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, [processInstanceId = '']: string[]): Promise<void> {
  await refuseUnknown(context.client(), processInstanceId)
  const incidents = await context.client().mlc.incidents(processInstanceId)
  await printList(context.output, incidents, [
    { title: 'ID', value: (incident) => incident.id },
    { title: 'TYPE', value: (incident) => incident.incidentType },
    { title: 'ACTIVITY', value: (incident) => incident.activityId },
    { title: 'TIME', value: (incident) => incident.incidentTimestamp },
    { title: 'MESSAGE', value: (incident) => incident.incidentMessage },
  ])
}
