/** A text that is no expression (`syntax`, found at deployment) or an expression that has no value (`evaluation`, found at run time). */
export class BpmnExpressionError extends Error {
  readonly phase: 'syntax' | 'evaluation'
  /** The whole text, as written in the diagram. */
  readonly expression: string

  constructor(phase: 'syntax' | 'evaluation', expression: string, message: string) {
    super(message)
    this.name = 'BpmnExpressionError'
    this.phase = phase
    this.expression = expression
  }
}
