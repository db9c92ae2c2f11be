/**
 * The follow-up of the manual in one call: instance → job history → jobs → their end; or, when no job came to be, the incidents.
 * Says each new thing once, on stderr; ends with the exit code of the worst job.
 */
import {
  AppError,
  type Client,
  type IncidentBody,
  type JobBody,
  type JobHistoryBody,
  NotFound,
} from '@rowhouse/contract'
import type { Context } from './context.ts'
import { Exit, exitCode } from './exit.ts'
import { withWordOnInterrupt } from './interrupt.ts'
import { endSentence, exitCodeOfJob, isEnded, watchJob } from './job-wait.ts'
import { listUpTo } from './lookup.ts'
import { makePatience } from './patience.ts'

const pollMs = 300
const looksBeforeWord = 7
const jobsMax = 10_000

export async function followInstance(context: Context, processInstanceId: string): Promise<void> {
  await refuseUnknown(context.client(), processInstanceId)
  const word = `Process instance ${processInstanceId} goes on. See: moc follow ${processInstanceId}`
  await withWordOnInterrupt(word, () => followToItsEnd(context, processInstanceId))
}

async function followToItsEnd(context: Context, processInstanceId: string): Promise<void> {
  const client = context.client()
  const patience = makePatience(context.output.say, true)
  const followed = new Map<string, JobBody>()
  const placeTold = makePlaceTold(context, processInstanceId)
  for (;;) {
    const seen = await patience.look(() => lookAt(client, processInstanceId))
    const jobId = seen?.jobIds.find((id) => !followed.has(id))
    if (jobId !== undefined) {
      context.output.say(`Job ${jobId}`)
      const ended = await watchJob(context, jobId)
      followed.set(jobId, ended)
      context.output.say(endSentence(ended))
      continue
    }
    if (seen !== undefined) {
      if (seen.incidents.length > 0) return endWithIncidents(context, processInstanceId, seen.incidents)
      if (seen.state !== 'ACTIVE' && seen.state !== 'SUSPENDED')
        return endWithJobs(context, processInstanceId, seen.state, [...followed.values()])
      await patience.look(() => placeTold(seen.state))
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** The state is read first: what an instance that has ended has made is then all there. */
async function lookAt(
  client: Client,
  id: string,
): Promise<{ state: string; jobIds: string[]; incidents: IncidentBody[] }> {
  const { state } = await client.mlc.historicProcessInstance(id)
  const histories = await listUpTo<JobHistoryBody>(
    (query) => client.jobHistories.findByRootProcessInstanceId(id, { query }),
    jobsMax,
  )
  return {
    state: String(state),
    jobIds: histories.map((history) => history.jobId).reverse(),
    incidents: await client.mlc.incidents(id),
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

/** Says where an instance stands that does not move for a while: at a user task nothing would be heard for ever. */
function makePlaceTold(context: Context, id: string): (state: string) => Promise<void> {
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
