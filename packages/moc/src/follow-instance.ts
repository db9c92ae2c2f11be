/**
 * The follow-up of the manual in one call: instance → job history → jobs → their end; or, when no job came to be, the incidents.
 * Says each new thing once, on stderr; ends with the exit code of the worst job.
 */
import { AppError, type Client, type IncidentBody, type JobBody, NotFound } from '@rowhouse/contract'
import type { Context } from './context.ts'
import { Exit, exitCode } from './exit.ts'
import { endSentence, exitCodeOfJob, isEnded, watchJob } from './job-wait.ts'

const pollMs = 300
const looksBeforeWord = 7

export async function followInstance(context: Context, processInstanceId: string): Promise<void> {
  const client = context.client()
  await refuseUnknown(client, processInstanceId)
  const followed = new Map<string, JobBody>()
  const tellWhere = makeTeller(context, processInstanceId)
  for (;;) {
    const state = await instanceState(client, processInstanceId)
    const jobId = (await jobIds(client, processInstanceId)).find((id) => !followed.has(id))
    if (jobId !== undefined) {
      context.output.say(`Job ${jobId}`)
      const ended = await watchJob(context, jobId)
      followed.set(jobId, ended)
      context.output.say(endSentence(ended))
      continue
    }
    const incidents = await client.mlc.incidents(processInstanceId)
    if (incidents.length > 0) return endWithIncidents(context, processInstanceId, incidents)
    if (state !== 'ACTIVE' && state !== 'SUSPENDED')
      return endWithJobs(context, processInstanceId, state, [...followed.values()])
    await tellWhere(state)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export async function refuseUnknown(client: Client, id: string): Promise<void> {
  try {
    await client.mlc.historicProcessInstance(id)
  } catch (error) {
    if (error instanceof AppError && error.kind === 'NotFound')
      throw new NotFound('process instance', id, `There is no process instance ${id}`)
    throw error
  }
}

async function instanceState(client: Client, id: string): Promise<string> {
  const instance = await client.mlc.historicProcessInstance(id)
  return String(instance.state)
}

async function jobIds(client: Client, id: string): Promise<string[]> {
  const histories = await client.jobHistories.findByRootProcessInstanceId(id)
  return (histories._embedded.jobHistories ?? []).map((history) => history.jobId).reverse()
}

/** Says where an instance stands that does not move for a while: at a user task nothing would be heard for ever. */
function makeTeller(context: Context, id: string): (state: string) => Promise<void> {
  let looks = 0
  let said = ''
  return async (state) => {
    if (++looks % looksBeforeWord !== 0) return
    const open = await context.client().mlc.openActivities(id)
    const places = open.map(({ activityId, activityName, activityType }) =>
      activityName === null ? `${activityId} (${activityType})` : `'${activityName}' (${activityType} ${activityId})`,
    )
    const word = `Process instance ${id} ${state === 'SUSPENDED' ? 'is suspended' : 'waits'} at ${places.join(', ')}`
    if (places.length === 0 || word === said) return
    said = word
    context.output.say(word)
  }
}

function endWithIncidents(context: Context, id: string, incidents: IncidentBody[]): never {
  for (const incident of incidents)
    context.output.say(`Incident at ${incident.activityId}: ${incident.incidentMessage ?? incident.incidentType}`)
  throw new Exit(
    exitCode.failure,
    `moc: process instance ${id} stopped with ${incidents.length === 1 ? 'an incident' : `${incidents.length} incidents`}; mend the cause, then: moc mlc retry ${id}`,
  )
}

function endWithJobs(context: Context, id: string, state: string, jobs: JobBody[]): void {
  context.output.say(`Process instance ${id} ${state}`)
  const codes = jobs.filter(isEnded).map(exitCodeOfJob)
  const worst = codes.find((code) => code === exitCode.jobFailed) ?? codes.find((code) => code !== exitCode.ok)
  if (worst !== undefined) throw new Exit(worst)
}
