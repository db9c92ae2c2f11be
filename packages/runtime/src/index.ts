export { type Agent, type AgentOptions, startAgent } from './agent.ts'
export { parseConfig, type RuntimeConfig, usage } from './config.ts'
