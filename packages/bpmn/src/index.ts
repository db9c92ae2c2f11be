export type { Bean, Expression, ExpressionContext } from './expression/expression.ts'
export * from './graph.ts'
export * from './state.ts'
export * from './values.ts'
