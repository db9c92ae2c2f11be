/** What is wrong with a file, gathered while it is read, and told in Camunda's words. */
import { BpmnExpressionError } from '../expression/expression-error.ts'
import type { ParseOptions, ParseProblem, ParseResult, ProcessGraph } from '../graph.ts'
import { type ModelElement, nearestId, tagOf } from './model.ts'
import type { Position, Positions } from './positions.ts'

/** Camunda finds faults of a gateway after reading: it tells them without a place. */
interface Telling {
  isPlaceless?: boolean
}

export class Problems {
  private readonly positions: Positions
  private readonly resource: string | undefined
  private readonly isStored: boolean
  private readonly errors: (ParseProblem & Telling)[] = []
  private readonly warnings: ParseProblem[] = []
  /** Faults that are exceptions in Camunda: status 500 and a message of their own, unless there are errors too. */
  private readonly faults: ParseProblem[] = []

  constructor(positions: Positions, { resource, isStored = false }: ParseOptions) {
    this.positions = positions
    this.resource = resource
    this.isStored = isStored
  }

  error(message: string, element: ModelElement | undefined, elementIds?: string[], telling?: Telling): void {
    this.errors.push({ ...this.problem(message, element, elementIds), ...telling })
  }

  /** Instances of a diagram that was taken before it was refused go on. */
  refusal(message: string, element: ModelElement): void {
    if (this.isStored) this.warning(message, element)
    else this.error(message, element)
  }

  errorAt(message: string, position: Position, elementIds: string[] = []): void {
    this.errors.push(problemAt(message, position, elementIds))
  }

  warningAt(message: string, position: Position): void {
    this.warnings.push(problemAt(message, position, []))
  }

  warning(message: string, element: ModelElement | undefined, elementIds?: string[]): void {
    this.warnings.push(this.problem(message, element, elementIds))
  }

  fault(message: string, element: ModelElement | undefined): void {
    this.faults.push(this.problem(message, element))
  }

  /** Runs `read`; an expression that cannot be parsed becomes a fault of the element. */
  guard<Value>(element: ModelElement, otherwise: Value, read: () => Value): Value {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof BpmnExpressionError)) throw error
      this.fault(error.message, element)
      return otherwise
    }
  }

  get isEmpty(): boolean {
    return this.errors.length + this.faults.length === 0
  }

  result(graphs: ProcessGraph[]): ParseResult {
    if (this.isEmpty) return { ok: true, graphs, warnings: this.warnings }
    const [fault] = this.faults
    if (this.errors.length === 0 && fault !== undefined) {
      const message = `${fault.message} | ${this.placeOf(fault)}`
      return { ok: false, errors: this.faults, warnings: this.warnings, message, status: 500 }
    }
    const all = [...this.errors, ...this.faults]
    const lines = all.map((error) => `\n* ${error.message} | ${this.placeOf(error)}`).join('')
    const errors = all.map(({ message, line, column, mainElementId, elementIds }) => ({
      message,
      line,
      column,
      mainElementId,
      elementIds,
    }))
    const message = `ENGINE-09005 Could not parse BPMN process. Errors: ${lines}`
    return { ok: false, errors, warnings: this.warnings, message, status: 400 }
  }

  private problem(message: string, element: ModelElement | undefined, elementIds?: string[]): ParseProblem {
    const nearest = nearestId(element)
    const ids = elementIds ?? (nearest === undefined ? [] : [nearest])
    const hasOwnId = element?.id !== undefined
    const tag = element === undefined ? undefined : tagOf(element)
    const position = hasOwnId || nearest === undefined ? this.positions.find(tag, element?.id) : this.around(element)
    return problemAt(message, position, ids)
  }

  private around(element: ModelElement | undefined): Position {
    let at = element
    while (at !== undefined && at.id === undefined) at = at.$parent
    return this.positions.find(at === undefined ? undefined : tagOf(at), at?.id)
  }

  private placeOf(problem: ParseProblem & Telling): string {
    const resource = `resource ${this.resource ?? '(no name)'}`
    if (problem.isPlaceless === true || problem.line === 0) return resource
    return `${resource} | line ${problem.line} | column ${problem.column}`
  }
}

/** The file is no XML at all, or no BPMN: Camunda answers with status 500. */
export function unreadable(reason: string, position: Position, resource: string | undefined): ParseResult {
  const place = position.line === 0 ? '' : ` | line ${position.line} | column ${position.column}`
  const message = `ENGINE-09003 Could not parse '${resource ?? '(no name)'}'. ${reason}${place}`
  return { ok: false, errors: [problemAt(message, position, [])], warnings: [], message, status: 500 }
}

function problemAt(message: string, position: Position, elementIds: string[]): ParseProblem {
  return { message, line: position.line, column: position.column, mainElementId: elementIds[0] ?? null, elementIds }
}
