import { describe, expect, test } from 'vitest'
import type { TypedValue } from '../values.ts'
import { evaluate, evaluateCondition, evaluateText } from './evaluate.ts'
import type { Bean, ExpressionContext } from './expression.ts'
import { fromJson } from './java-values.ts'
import { parseExpression } from './parse-expression.ts'

const execution: Bean = {
  property: (name) => (name === 'id' ? { type: 'String', value: 'e1' } : undefined),
  call: (method, args) => {
    if (method === 'getProcessInstanceId' && args.length === 0) return { type: 'String', value: 'p1' }
    if (method === 'getVariable') return { type: 'Object', value: 'written' }
    return undefined
  },
  javaClass: 'org.camunda.bpm.engine.impl.persistence.entity.ExecutionEntity',
}
const json = {
  a: 7,
  b: 2,
  s: 'abc',
  t1: true,
  nul: null,
  es: '',
  lst: [1],
  m: { a: 1, 'a b': 2 },
  JOB: { id: 'j1', jobStatus: 'COMPLETE', parts: [{ name: 'x' }] },
}
const variables = new Map<string, TypedValue>(Object.entries(json).map(([name, value]) => [name, fromJson(value)]))
variables.set('big', { type: 'Long', value: '9007199254740993' })
variables.set('doc', { type: 'Json', value: { name: 'Ann', age: 7, ok: true, tags: [{ t: 'x' }], none: null } })
variables.set('d', { type: 'Double', value: 2.5 })
variables.set('when', { type: 'Date', value: '2024-01-31T10:00:00.000Z' })
variables.set('execution', { type: 'String', value: 'a variable of that name' })
const context: ExpressionContext = {
  variable: (name) => variables.get(name),
  bean: (name) => (name === 'execution' ? execution : undefined),
  now: new Date('2024-05-01T12:00:00.000Z'),
}
const value = (text: string) => evaluate(parseExpression(text), context)

describe('values are those the reference engine recorded', () => {
  test.each([
    ['${a + b}', 'Long', 9],
    ['${a - b}', 'Long', 5],
    ['${a * b}', 'Long', 14],
    ['${a / b}', 'Double', 3.5],
    ['${a div b}', 'Double', 3.5],
    ['${a % b}', 'Long', 1],
    ['${a mod b}', 'Long', 1],
    ['${-a}', 'Integer', -7],
    ['${1 + 2 * 3}', 'Long', 7],
    ['${(1 + 2) * 3}', 'Long', 9],
    ['${a + 0.5}', 'Double', 7.5],
    ["${'1' + 2}", 'Long', 3],
    ['${a == 7}', 'Boolean', true],
    ["${s == 'abc'}", 'Boolean', true],
    ["${a == '7'}", 'Boolean', true],
    ['${a ne b}', 'Boolean', true],
    ['${a lt b}', 'Boolean', false],
    ['${a ge b}', 'Boolean', true],
    ["${s < 'abd'}", 'Boolean', true],
    ['${a > 1 and b > 1}', 'Boolean', true],
    ['${a > 100 || b > 1}', 'Boolean', true],
    ['${not (a > 1)}', 'Boolean', false],
    ['${!t1}', 'Boolean', false],
    ["${a > b ? 'big' : 'small'}", 'String', 'big'],
    ['${a < b ? 1 : a == 7 ? 2 : 3}', 'Long', 2],
    ['${empty s}', 'Boolean', false],
    ['${empty nul}', 'Boolean', true],
    ['${empty es}', 'Boolean', true],
    ['${not empty lst}', 'Boolean', true],
    ['x-${a}-y-${s}', 'String', 'x-7-y-abc'],
    ['plain text', 'String', 'plain text'],
    ["${'it\\'s'}", 'String', "it's"],
    ['${true}', 'Boolean', true],
    ['${null}', 'Null', null],
    ['${1.0}', 'Double', 1],
    ['${2147483648}', 'Long', 2147483648],
    ['${1e3}', 'Double', 1000],
    ['${"double"}', 'String', 'double'],
    ['${nul.x}', 'Null', null],
    ['${lst[9]}', 'Null', null],
    ['${1 / 0}', 'Double', 'Infinity'],
    ['${nope2}', undefined, "Unknown property used in expression: ${nope2}. Cause: Cannot resolve identifier 'nope2'"],
    [
      '${nul.foo()}',
      undefined,
      "Unknown property used in expression: ${nul.foo()}. Cause: Target unreachable, base expression 'nul' resolved to null",
    ],
    [
      '${s.noSuch()}',
      undefined,
      'Unknown method used in expression: ${s.noSuch()}. Cause: Method not found: class java.lang.String.noSuch()',
    ],
    [
      '${s.noProp}',
      undefined,
      "Unknown property used in expression: ${s.noProp}. Cause: The class 'java.lang.String' does not have the property 'noProp'.",
    ],
    [
      '${s + 1}',
      undefined,
      "Error while evaluating expression: ${s + 1}. Cause: Cannot coerce 'abc' to class java.lang.Long",
    ],
    [
      '${lst > 1}',
      undefined,
      'Error while evaluating expression: ${lst > 1}. Cause: Cannot coerce from class java.util.ArrayList to class java.lang.Long',
    ],
    [
      '${t1 > 1}',
      undefined,
      'Error while evaluating expression: ${t1 > 1}. Cause: Cannot coerce from class java.lang.Boolean to class java.lang.Long',
    ],
    [
      '${s > 10}',
      undefined,
      "Error while evaluating expression: ${s > 10}. Cause: Cannot coerce 'abc' to class java.lang.Long",
    ],
    ['${s.substring(99)}', undefined, 'java.lang.StringIndexOutOfBoundsException: begin 99, end 3, length 3'],
    [
      '${m.get()}',
      undefined,
      'Unknown method used in expression: ${m.get()}. Cause: Method not found: class java.util.LinkedHashMap.get()',
    ],
  ])('%s', (text, type, expected) => {
    if (type === undefined) expect(() => value(text)).toThrow(expect.objectContaining({ message: expected }))
    else expect(value(text)).toEqual({ type, value: expected })
  })
})

describe('beyond the recordings', () => {
  test.each<[string, TypedValue['type'], TypedValue['value']]>([
    ['#{a}', 'Integer', 7],
    ['${big}', 'Long', '9007199254740993'],
    ['${big == 9007199254740992}', 'Boolean', false],
    ['${big == 9007199254740993}', 'Boolean', true],
    ['${big > 9007199254740992}', 'Boolean', true],
    ['${big + 1}', 'Long', '9007199254740994'],
    ['${big - 9}', 'Long', 9007199254740984],
    ['${-big}', 'Long', '-9007199254740993'],
    ['${9223372036854775807 + 1}', 'Long', '-9223372036854775808'],
    ['n=${big}', 'String', 'n=9007199254740993'],
    ["${doc.prop('name').stringValue()}", 'String', 'Ann'],
    ["${doc.prop('age').numberValue() + 1}", 'Long', 8],
    ["${doc.prop('ok').boolValue()}", 'Boolean', true],
    ["${doc.hasProp('none')}", 'Boolean', true],
    ["${doc.prop('name').isString() && doc.prop('age').isNumber() && doc.prop('ok').isBoolean()}", 'Boolean', true],
    ["${doc.prop('name').isNumber() || doc.prop('age').isObject() || doc.isValue()}", 'Boolean', false],
    ["${doc.prop('tags').elements().get(0).prop('t').value()}", 'String', 'x'],
    ["${S('{\"a\":[1,2]}').prop('a').elements().size()}", 'Integer', 2],
    ['${JSON(\'{"a":{"b":1}}\').prop(\'a\')}!', 'String', '{"b":1}!'],
    ['${doc.tags[0].t}', 'String', 'x'],
    ['', 'String', ''],
    ['\\${a}', 'String', '${a}'],
    ['C:\\temp $5 #1', 'String', 'C:\\temp $5 #1'],
    ['${s}${nul}!', 'String', 'abc!'],
    ['${1.0}/${1e10}/${lst}/${m}', 'String', '1.0/1.0E10/[1]/{a=1, a b=2}'],
    ['${m.a}', 'Integer', 1],
    ["${m['a b']}", 'Integer', 2],
    ['${m.missing}', 'Null', null],
    ['${m.constructor}', 'Null', null],
    ['${m.__proto__}', 'Null', null],
    ["${lst['0']}", 'Integer', 1],
    ['${lst.size() == 1 && m.containsKey("a")}', 'Boolean', true],
    ['${lst.contains(1)}', 'Boolean', true],
    ['${JOB.jobStatus.toString() == "COMPLETE"}', 'Boolean', true],
    ['${JOB.getJobStatus().name()}', 'String', 'COMPLETE'],
    ['${JOB.parts[0].name}', 'String', 'x'],
    ['${JOB.id eq "j1" and JOB["jobStatus"] ne "ERROR"}', 'Boolean', true],
    ['${s.toUpperCase().substring(1, 3)}', 'String', 'BC'],
    ["${'a,b,,'.split(',').size()}", 'Integer', 2],
    ["${s.matches('a.*')}", 'Boolean', true],
    ["${' '.repeat(50000).concat('x').replaceAll('\\\\s+', '')}", 'String', 'x'],
    ["${s.matches('(?:x|a)?b?(?<end>bc|.+?)')}", 'Boolean', true],
    [
      "${'2026-11-23T09:20:34Z'.matches('\\\\d{4}-\\\\d{2}-\\\\d{2}T\\\\d{2}:\\\\d{2}(?::\\\\d{2})?Z?')}",
      'Boolean',
      true,
    ],
    [`\${s.matches('${'xyz|'.repeat(30)}abc')}`, 'Boolean', true],
    ["${s.replace('b', '$&')}", 'String', 'a$&c'],
    ['${d.intValue()}', 'Integer', 2],
    ['${-d}', 'Double', -2.5],
    ['${a.toString()}', 'String', '7'],
    ['${a == null}', 'Boolean', false],
    ['${nul == null}', 'Boolean', true],
    ['${nul + nul}', 'Long', 0],
    ['${nul + 1}', 'Long', 1],
    ['${nul < 1}', 'Boolean', false],
    ["${'3.5' + 1}", 'Double', 4.5],
    ['${a % 2.5}', 'Double', 2],
    ['${now()}', 'Date', '2024-05-01T12:00:00.000Z'],
    ['${dateTime().plusDays(1).toDate()}', 'Date', '2024-05-02T12:00:00.000Z'],
    ['${when.plusMonths(1)}', 'Date', '2024-02-29T10:00:00.000Z'],
    ['${when < now()}', 'Boolean', true],
    ["${when.toString('yyyy-MM-dd')}", 'String', '2024-01-31'],
    ['${dateTime().plusHours(3).toString("yy/M/d \'at\' HH:mm:ss.SSS")}', 'String', '24/5/1 at 15:00:00.000'],
    ['${when.getDayOfMonth() + when.getHourOfDay()}', 'Long', 41],
    ['${when.getDayOfWeek()}', 'Integer', 3],
    ['${when.withTimeAtStartOfDay()}', 'Date', '2024-01-31T00:00:00.000Z'],
    ['${when.minusYears(1)}', 'Date', '2023-01-31T10:00:00.000Z'],
    ["${'ab'.repeat(2)}", 'String', 'abab'],
    ['${currentUser()}', 'Null', null],
    ['${execution.id}', 'String', 'e1'],
    ['${execution.getProcessInstanceId()}', 'String', 'p1'],
    ['${execution.getVariable("x")}', 'String', 'written'],
    ['${t1 ? execution.id : s}', 'String', 'e1'],
    ["${'a' == 'a' ? 'yes' : 'no'}", 'String', 'yes'],
  ])('%s', (text, type, expected) => {
    expect(value(text)).toEqual({ type, value: expected })
  })

  test.each([
    ['${s.constructor}', "The class 'java.lang.String' does not have the property 'constructor'."],
    ['${s.constructor()}', 'Method not found: class java.lang.String.constructor()'],
    ['${s.valueOf()}', 'Method not found: class java.lang.String.valueOf()'],
    ['${lst.map(1)}', 'Method not found: class java.util.ArrayList.map(java.lang.Long)'],
    ['${m.hasOwnProperty("a")}', 'Method not found: class java.util.LinkedHashMap.hasOwnProperty(java.lang.String)'],
    ['${constructor}', "Cannot resolve identifier 'constructor'"],
    ['${__proto__}', "Cannot resolve identifier '__proto__'"],
    ['${lst.foo}', 'Cannot parse list index: foo'],
    ['${lst.get(3)}', 'java.lang.IndexOutOfBoundsException: Index 3 out of bounds for length 1'],
    ['${a % 0}', 'Cause: / by zero'],
    ['${execution.nope}', "ExecutionEntity' does not have the property 'nope'."],
    ["${when.toString('EEEE')}", 'Illegal pattern component: EEEE'],
    ['${when.plusYears(9999)}', 'java.lang.ArithmeticException: plusYears(9999) leaves the calendar'],
    ['${when.plusEons(1)}', 'Method not found: class java.util.Date.plusEons(java.lang.Long)'],
    ["${'ab'.repeat(1000000)}", 'java.lang.IllegalArgumentException: count is 1000000'],
    ["${S('{')}", "SpinJsonException: '{' is no JSON text"],
    ["${doc.prop('age').stringValue()}", 'Method not found: class java.lang.Integer.stringValue()'],
    ["${doc.prop('nope')}", "SpinJsonException: Unable to find 'nope'"],
    ['${execution.nope()}', 'ExecutionEntity.nope()'],
    ['${execution}', "'execution' is not a value"],
    ["${s.matches('(a+)+')}", 'the pattern is not supported'],
    ["${s.matches('((a+)b)+')}", 'the pattern is not supported'],
    ["${s.matches('(a|a)*c')}", 'the pattern is not supported'],
    ["${s.matches('(a?a?)*b')}", 'the pattern is not supported'],
    ["${s.matches('((a?)(a?))+b')}", 'the pattern is not supported'],
    ["${s.matches('((?=a){999}){999}')}", 'the pattern is not supported'],
    [`\${s.matches('${'a?'.repeat(30)}b')}`, 'the pattern is not supported'],
    [`\${s.matches('${'(a|a)'.repeat(30)}b')}`, 'the pattern is not supported'],
    ["${' '.repeat(200000).concat('x').replaceAll('\\\\s+$', '')}", 'the pattern is not supported'],
    ["${s.matches('(')}", "'^(?:()$' is not a pattern"],
  ])('%s is an error that says why', (text, message) => {
    expect(() => value(text)).toThrow(message)
  })

  test('a condition gives a real Boolean or an error', () => {
    const condition = (text: string) => evaluateCondition(parseExpression(text), context)
    expect(condition('${a == 7}')).toBe(true)
    expect(() => condition('${a}')).toThrow(
      'condition expression returns non-Boolean: result has class java.lang.Integer and not java.lang.Boolean',
    )
    expect(() => condition('${nul}')).toThrow('condition expression returns null: result is null')
    expect(() => condition("${'true'}")).toThrow('result has class java.lang.String')
  })

  test('the text of null is null', () => {
    expect(evaluateText(parseExpression('${nul}'), context)).toBeNull()
    expect(evaluateText(parseExpression('${a}'), context)).toBe('7')
  })
})
