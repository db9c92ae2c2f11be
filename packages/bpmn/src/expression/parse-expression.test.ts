import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluate } from './evaluate.ts'
import type { ExpressionContext } from './expression.ts'
import { BpmnExpressionError } from './expression-error.ts'
import { fromJson } from './java-values.ts'
import { bareName, constantText, nullExpression, parseExpression } from './parse-expression.ts'

describe('a text that is no expression is refused with the engine code, the text and the place', () => {
  test.each([
    ['${a +}', "syntax error at position 5, encountered '}'"],
    ['${', 'syntax error at position 2, encountered null'],
    ['${}', "syntax error at position 2, encountered '}'"],
    ['${a', "syntax error at position 3, encountered null, expected '}'"],
    ['${a b}', "syntax error at position 4, encountered 'b', expected '}'"],
    ['${a.}', "syntax error at position 4, encountered '}', expected <IDENTIFIER>"],
    ['${a[1}', "expected ']'"],
    ['${f(1}', "expected ')'"],
    ['${a ? b}', "expected ':'"],
    ["${'abc}", 'lexical error at position 2, encountered unterminated string'],
    ["${'a\\n'}", 'invalid escape sequence \\n'],
    ['${a # b}', "lexical error at position 4, encountered invalid character '#'"],
    ['${a = b}', "invalid character '='"],
    ['${x -> x}', "encountered '>'"],
    ['${[1, 2]}', "encountered '['"],
    ['${a instanceof b}', "encountered 'instanceof'"],
    ['${99999999999999999999}', 'a number below 2^63'],
    ['plain ${a} and ${', 'encountered null'],
  ])('%s', (text, message) => {
    expect(() => parseExpression(text)).toThrow(`ENGINE-01009 Error while parsing process. Error parsing '${text}': `)
    expect(() => parseExpression(text)).toThrow(message)
  })

  test('an unknown function and a wrong number of arguments are found when the text is parsed', () => {
    expect(() => parseExpression('${nope()}')).toThrow(
      "ENGINE-01009 Error while parsing process. Could not resolve function 'nope'.",
    )
    expect(() => parseExpression('${ns:nope(1)}')).toThrow("Could not resolve function 'ns:nope'")
    expect(() => parseExpression('${now(1)}')).toThrow("Parameters for function 'now' do not match")
  })
})

describe('texts without an expression stand for themselves', () => {
  test.each(['', 'plain', 'a $ b # c', 'cost: 5$', '{not one}', 'C:\\dir\\', '$', '#'])('%j', (text) => {
    expect(constantText(parseExpression(text))).toBe(text)
  })

  test('a backslash takes the meaning from the opening sign', () => {
    expect(constantText(parseExpression('\\${a} \\#{b}'))).toBe('${a} #{b}')
  })

  test('only a single name in braces is a bare name', () => {
    expect(bareName(parseExpression('${createModelBatchJob}'))).toBe('createModelBatchJob')
    expect(bareName(parseExpression('#{ getJob }'))).toBe('getJob')
    expect(bareName(parseExpression('${a.b}'))).toBeUndefined()
    expect(bareName(parseExpression('x${a}'))).toBeUndefined()
    expect(bareName(parseExpression('a'))).toBeUndefined()
  })

  test('an expression of null has the value null', () => {
    expect(evaluate(nullExpression(), emptyContext).type).toBe('Null')
  })
})

const emptyContext: ExpressionContext = { variable: () => undefined, bean: () => undefined, now: new Date(0) }

describe('whatever the text', () => {
  const pieces = fc.constantFrom(
    '${', '#{', '}', '(', ')', '[', ']', '.', ',', '?', ':', '+', '-', '*', '/', '%', '==', '<', '>=', '&&', '||', '!', '"',
    "'", '\\', ' ', 'a', 'lst', 'm', '__proto__', 'constructor', 'empty', 'not', 'true', 'null', '1', '2.5', '1e9', 'now()',
    "'x'", 'size', 'substring', 'matches', 'é', '𝒳',
  ) // biome-ignore format: a list of scraps
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
  )
  const variables = { a: 7, lst: [1, 'x'], m: { a: { b: null } } }
  const context: ExpressionContext = {
    ...emptyContext,
    variable: (name) =>
      Object.hasOwn(variables, name) ? fromJson(variables[name as keyof typeof variables]) : undefined,
  }

  test('it parses or is refused, and it has a value or says why not: nothing else is ever thrown', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const value = evaluate(parseExpression(text), context)
          expect(JSON.parse(JSON.stringify(value))).toEqual(value)
        } catch (error) {
          expect(error).toBeInstanceOf(BpmnExpressionError)
          expect((error as BpmnExpressionError).expression).toBe(text)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('texts put between expressions come out as they went in', () => {
    const plain = fc.string().filter((text) => !/[\\$#]/.test(text))
    fc.assert(
      fc.property(plain, plain, fc.integer(), (before, after, number) => {
        const quoted = `'${after.replaceAll(/['\\]/g, (sign) => `\\${sign}`)}'`
        const value = evaluate(parseExpression(`${before}\${${number}}-\${${quoted}}`), context)
        expect(value).toEqual({ type: 'String', value: `${before}${number}-${after}` })
      }),
    )
  })

  test.each([
    ['parentheses', (depth: number) => `\${${'('.repeat(depth)}1${')'.repeat(depth)}}`],
    ['minus signs', (depth: number) => `\${${'-'.repeat(depth)}1}`],
    ['questions', (depth: number) => `\${${'true ? '.repeat(depth)}1${' : 2'.repeat(depth)}}`],
    ['sums', (depth: number) => `\${1${' + 1'.repeat(depth)}}`],
    ['properties', (depth: number) => `\${m${'.a'.repeat(depth)}}`],
  ])('a hundred thousand nested %s are refused, not a stack overflow', (_name, build) => {
    expect(() => parseExpression(build(100_000))).toThrow(BpmnExpressionError)
    expect(() => evaluate(parseExpression(build(100)), context)).not.toThrow()
  })
})
