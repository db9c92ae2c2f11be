/** Shortcuts through the story of a deployment, for stories about what comes after. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasJobEnded, type JobBody, type JobInput } from '@rowhouse/contract'
import { eventually, lastWord, type Rowhouse, root } from './rowhouse.ts'

/** A model of `stories/models` (or any folder), snapshot with the service tag `cc-fraud` and deployed to DEV; answers the deployment's id. */
export async function deploy(rowhouse: Rowhouse, model: string): Promise<string> {
  const folder = model.includes('/') ? model : join(root, 'stories', 'models', model)
  const imported = await rowhouse.moc('model', 'import', folder)
  const snapshot = await rowhouse.moc('snapshot', 'create', lastWord(imported.stdout), '--tag', 'cc-fraud')
  const deployed = await rowhouse.moc('deployment', 'create', lastWord(snapshot.stdout), '--stage', 'DEV')
  if (deployed.code !== 0) throw new Error(`${imported.stderr}${snapshot.stderr}${deployed.stderr}`)
  return lastWord(deployed.stdout)
}

/** `id,x` with ids from 1; answers its path. */
export function writeRows(rowhouse: Rowhouse, name: string, rows: number): string {
  const path = join(rowhouse.folder, name)
  writeFileSync(path, `id,x\n${Array.from({ length: rows }, (_, n) => `${n + 1},${n + 0.5}\n`).join('')}`)
  return path
}

export function fileAsset(path: string): { assetType: string; fileUrl: string } {
  return { assetType: 'EXTERNAL_FILE', fileUrl: `file://${path}` }
}

export function createJob(
  rowhouse: Rowhouse,
  deploymentId: string,
  input: string,
  output: string,
  more: JobInput = {},
): Promise<JobBody> {
  return rowhouse.client.jobs.create({
    deployedModel: { id: deploymentId },
    inputData: [fileAsset(input)],
    outputData: [fileAsset(output)],
    ...more,
  })
}

export function ended(rowhouse: Rowhouse, jobId: string, seconds = 90): Promise<JobBody> {
  return eventually(
    `the end of job ${jobId}`,
    async () => {
      const job = await rowhouse.client.jobs.get(jobId)
      return hasJobEnded(job.jobStatus) ? job : undefined
    },
    seconds,
  )
}

/** RUNNING and with at least so many records behind it. */
export function running(rowhouse: Rowhouse, jobId: string, records = 1): Promise<JobBody> {
  return eventually(`job ${jobId} at work`, async () => {
    const job = await rowhouse.client.jobs.get(jobId)
    if (hasJobEnded(job.jobStatus)) throw new Error(`job ended in ${job.jobStatus}: ${job.outcome}`)
    return job.jobStatus === 'RUNNING' && (job.progress?.recordsIn ?? 0) >= records ? job : undefined
  })
}
