export { type UpOptions, up } from './up.ts'
