/** Why an expression has no value; evaluate.ts puts the expression and Camunda's words round it. */
export class EvaluationFault extends Error {
  /** `thrown`: an exception out of a called method, told as it is. */
  readonly kind: 'unknown-property' | 'unknown-method' | 'evaluation' | 'thrown'

  constructor(kind: 'unknown-property' | 'unknown-method' | 'evaluation' | 'thrown', message: string) {
    super(message)
    this.kind = kind
  }
}
