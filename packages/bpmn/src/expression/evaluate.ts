/** The value of an expression, with Camunda's types and Camunda's words when there is none. */
import type { TypedValue } from '../values.ts'
import { EvaluationFault } from './evaluation-fault.ts'
import type { Bean, Expression, ExpressionContext } from './expression.ts'
import { BpmnExpressionError } from './expression-error.ts'
import { callFunction } from './functions.ts'
import { fromJson, isNull, javaClass, nothing, text, toBoolean, toText, truth } from './java-values.ts'
import { callMethod, readProperty } from './methods.ts'
import { applyBinary, applyUnary } from './operators.ts'
import type { SyntaxNode } from './syntax.ts'

/** A context object on the way to one of its members. */
type Found = TypedValue | BeanOnTheWay
interface BeanOnTheWay {
  bean: Bean
  name: string
}

/** These win over variables of the same name; all other beans are looked for after them. */
const engineBeans = new Set(['execution', 'task', 'externalTask'])

/** @throws BpmnExpressionError */
export function evaluate(expression: Expression, context: ExpressionContext): TypedValue {
  try {
    const [only] = expression.parts
    if (expression.parts.length === 1 && only !== undefined && typeof only !== 'string') {
      return evaluateNode(only, context)
    }
    const texts = expression.parts.map((part) =>
      typeof part === 'string' ? part : toText(evaluateNode(part, context)),
    )
    return text(texts.join(''))
  } catch (fault) {
    if (!(fault instanceof EvaluationFault)) throw fault
    throw new BpmnExpressionError('evaluation', expression.text, explain(fault, expression.text))
  }
}

/** The value as text; null when there is none. */
export function evaluateText(expression: Expression, context: ExpressionContext): string | null {
  const value = evaluate(expression, context)
  return isNull(value) ? null : toText(value)
}

/** As `evaluateText`, for names and topics, where null is a mistake. */
export function evaluateName(expression: Expression, context: ExpressionContext): string {
  const value = evaluateText(expression, context)
  if (value === null || value === '') {
    throw new BpmnExpressionError(
      'evaluation',
      expression.text,
      `Expression '${expression.text}' gives ${value === null ? 'null' : 'an empty text'} where a name is needed`,
    )
  }
  return value
}

/** A condition must give a real Boolean: 'true', 1 and null are errors. */
export function evaluateCondition(expression: Expression, context: ExpressionContext): boolean {
  const value = evaluate(expression, context)
  if (value.type === 'Boolean' && typeof value.value === 'boolean') return value.value
  throw new BpmnExpressionError(
    'evaluation',
    expression.text,
    isNull(value)
      ? 'condition expression returns null: result is null'
      : `condition expression returns non-Boolean: result has class ${javaClass(value)} and not java.lang.Boolean`,
  )
}

function explain(fault: EvaluationFault, whole: string): string {
  switch (fault.kind) {
    case 'unknown-property':
      return `Unknown property used in expression: ${whole}. Cause: ${fault.message}`
    case 'unknown-method':
      return `Unknown method used in expression: ${whole}. Cause: ${fault.message}`
    case 'evaluation':
      return `Error while evaluating expression: ${whole}. Cause: ${fault.message}`
    case 'thrown':
      return fault.message
  }
}

function evaluateNode(node: SyntaxNode, context: ExpressionContext): TypedValue {
  const found = find(node, context)
  if (!isBean(found)) return found
  throw new EvaluationFault(
    'evaluation',
    `'${found.name}' is not a value; name one of its properties or methods, such as \${${found.name}.id}`,
  )
}

function find(node: SyntaxNode, context: ExpressionContext): Found {
  switch (node.node) {
    case 'literal':
      return node.value
    case 'name':
      return findName(node.name, context)
    case 'property':
      return findProperty(node, context)
    case 'method':
      return findMethodResult(node, context)
    case 'function':
      return callFunction(
        node.name,
        context,
        node.args.map((arg) => evaluateNode(arg, context)),
      )
    case 'unary':
      return applyUnary(node.operator, evaluateNode(node.operand, context))
    case 'choice':
      return toBoolean(evaluateNode(node.question, context)) ? find(node.yes, context) : find(node.no, context)
    case 'binary': {
      const { operator } = node
      if (operator === '&&') return truth(isTrue(node.left, context) && isTrue(node.right, context))
      if (operator === '||') return truth(isTrue(node.left, context) || isTrue(node.right, context))
      return applyBinary(operator, evaluateNode(node.left, context), evaluateNode(node.right, context))
    }
  }
}

function isTrue(node: SyntaxNode, context: ExpressionContext): boolean {
  return toBoolean(evaluateNode(node, context))
}

function findName(name: string, context: ExpressionContext): Found {
  if (engineBeans.has(name)) {
    const bean = context.bean(name)
    if (bean !== undefined) return { bean, name }
  }
  // steps are made in nobody's name
  if (name === 'authenticatedUserId') return nothing
  const variable = context.variable(name)
  if (variable !== undefined) return plain(variable)
  const bean = context.bean(name)
  if (bean !== undefined) return { bean, name }
  throw new EvaluationFault('unknown-property', `Cannot resolve identifier '${name}'`)
}

function findProperty(node: SyntaxNode & { node: 'property' }, context: ExpressionContext): Found {
  const base = find(node.base, context)
  if (!isBean(base) && isNull(base)) return nothing
  const key = evaluateNode(node.key, context)
  if (isNull(key)) return nothing
  const found = isBean(base) ? base.bean.property(toText(key)) : readProperty(base, key)
  if (found === undefined) {
    throw new EvaluationFault(
      'unknown-property',
      `The class '${classOf(base)}' does not have the property '${toText(key)}'.`,
    )
  }
  return 'property' in found ? { bean: found, name: node.source } : plain(found)
}

function findMethodResult(node: SyntaxNode & { node: 'method' }, context: ExpressionContext): TypedValue {
  const base = find(node.base, context)
  if (!isBean(base) && isNull(base)) {
    throw new EvaluationFault(
      'unknown-property',
      `Target unreachable, base expression '${node.base.source}' resolved to null`,
    )
  }
  const name = toText(evaluateNode(node.key, context))
  const args = node.args.map((arg) => evaluateNode(arg, context))
  const result = isBean(base) ? base.bean.call(name, args) : callMethod(base, name, args)
  if (result !== undefined) return plain(result)
  const classes = args.map(javaClass).join(', ')
  throw new EvaluationFault('unknown-method', `Method not found: class ${classOf(base)}.${name}(${classes})`)
}

/** A JSON scalar in an Object or Json variable counts as the scalar. */
function plain(value: TypedValue): TypedValue {
  const isJson = value.type === 'Object' || value.type === 'Json'
  return isJson && (value.value === null || typeof value.value !== 'object') ? fromJson(value.value) : value
}

function isBean(found: Found): found is BeanOnTheWay {
  return 'bean' in found
}

function classOf(found: Found): string {
  return isBean(found) ? (found.bean.javaClass ?? found.name) : javaClass(found)
}
