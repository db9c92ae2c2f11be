export type { Settings } from './context.ts'
export { type JobEvent, type JobTransition, jobTransitions } from './jobs/job.ts'
export { type ModelManageOptions, modelManage, modelManageMigrations, settingsDefault } from './plugin.ts'
