export type { Settings } from './context.ts'
export { type JobTransition, jobTransitions } from './jobs/job.ts'
export { modelManage, modelManageMigrations } from './plugin.ts'
