import type { Context } from '../../context.ts'
import { serialise } from '../../output.ts'

/** Always tab-separated, one header line and one row; the second-last cell is the status. Scripts of the old CLI read exactly that. */
export async function run(context: Context, [id = '']: string[]): Promise<void> {
  const job = await context.client().jobs.look(id)
  if (context.output.format !== 'table') {
    context.output.print(
      await serialise(
        {
          id: job.id,
          jobType: job.jobType,
          jobStatus: job.jobStatus,
          jobResult: job.jobResult,
          outcome: job.outcome ?? null,
        },
        context.output.format,
      ),
    )
    return
  }
  context.output.print(['ID', 'TYPE', 'CREATED', 'STATUS', 'RESULT'].join('\t'))
  context.output.print([job.id, job.jobType, job.createdDate, job.jobStatus, job.jobResult].join('\t'))
}
