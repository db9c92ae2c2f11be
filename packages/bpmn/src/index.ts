export { isErrorCaught } from './boundary.ts'
export { EngineError, StepFailure } from './engine-error.ts'
export {
  evaluate,
  evaluateCondition,
  evaluateLong,
  evaluateName,
  evaluateText,
} from './expression/evaluate.ts'
export type { Bean, Expression, ExpressionContext } from './expression/expression.ts'
export { BpmnExpressionError } from './expression/expression-error.ts'
export { bareName, constantText, literalExpression, parseExpression } from './expression/parse-expression.ts'
export * from './graph.ts'
export { type ParseOptions, parseBpmn } from './parse.ts'
export { defaultRetryPlan, type RetryPlan, retryAt, retryPlan } from './retry-cycle.ts'
export { startInstance } from './start.ts'
export * from './state.ts'
export { step } from './step.ts'
export { checkTimerText, type Due, nextDue, nextRepeat } from './timer.ts'
export * from './values.ts'
