/** From the trigger to COMPLETE for a file of 10 rows: signalResponsive → process → match → job → runtime → model → published output. */
import { join } from 'node:path'
import { hasJobEnded, type JobBody } from '@rowhouse/contract'
import { deploy, writeRows } from '../stories/deploy.ts'
import { type Rowhouse, root, startRowhouse } from '../stories/rowhouse.ts'
import { percentile, printTable } from './table.ts'

const triggers = 40
const signal = 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB'

export async function run(): Promise<void> {
  const rowhouse = await startRowhouse()
  try {
    await deploy(rowhouse, join(root, 'stories/models/counts-records'))
    const input = writeRows(rowhouse, 'rows.csv', 10)
    const cold = await timeTrigger(rowhouse, input, 'cold')
    const warm: number[] = []
    for (let n = 0; n < triggers; n += 1) warm.push(await timeTrigger(rowhouse, input, String(n)))
    printTable(
      ['trigger → COMPLETE, 10 rows (ms)', 'runs', 'p50', 'p95', 'goal'],
      [
        ['first job of a started system', 1, cold, cold, '≤ 500'],
        ['warm', warm.length, percentile(warm, 0.5), percentile(warm, 0.95), 'p50 ≤ 60'],
      ],
    )
  } finally {
    await rowhouse.remove()
  }
}

/** Milliseconds on the server's and the runtime's common clock: from sending the signal to the job's own end time. */
async function timeTrigger(rowhouse: Rowhouse, input: string, name: string): Promise<number> {
  const sentAt = Date.now()
  const { processInstanceId } = await rowhouse.client.mlc.signalResponsive({
    name: signal,
    variables: {
      TAG: { value: 'cc-fraud' },
      MODEL_STAGE: { value: 'DEV' },
      INPUT_FILE: { value: input },
      OUTPUT_FILE: { value: join(rowhouse.folder, `out-${name}.csv`) },
    },
  })
  const job = await endedJob(rowhouse, processInstanceId ?? '')
  if (job.jobStatus !== 'COMPLETE') throw new Error(`job ${job.id} ended in ${job.jobStatus}: ${job.outcome}`)
  return (job.jobEndTime ?? Number.NaN) - sentAt
}

/** Looks seldom: looking costs the same two cores that do the work. */
async function endedJob(rowhouse: Rowhouse, processInstanceId: string): Promise<JobBody> {
  for (;;) {
    await new Promise((done) => setTimeout(done, 150))
    const found = await rowhouse.client.jobHistories.findByRootProcessInstanceId(processInstanceId)
    const history = found._embedded.jobHistories?.[0]
    if (history && hasJobEnded(history.jobStatus)) return rowhouse.client.jobs.get(history.jobId)
    const incidents = await rowhouse.client.mlc.incidents(processInstanceId)
    if (incidents[0]) throw new Error(`incident: ${incidents[0].incidentMessage}`)
  }
}
