export { type AgentOptions, startAgent } from './agent.ts'
export { parseConfig, type RuntimeConfig } from './config.ts'
