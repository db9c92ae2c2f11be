import { type Delegate, getText, withoutContents } from './delegate.ts'

/** JOB_ID → JOB as it is now. */
export const getJob: Delegate = {
  name: 'GetJob',
  onlyReads: true,
  async run(task) {
    const job = await task.client.jobs.look(getText(task, 'JOB_ID', 'the id of the batch job'), { signal: task.signal })
    return { JOB: withoutContents(job) }
  },
}
