import { describe, expect, test } from 'vitest'
import { runModel } from './node-harness-fixture.ts'

describe('how a source is loaded', () => {
  const sources: [string, Record<string, string>][] = [
    ['default names of the product', { 'model.js': 'export const action = () => 7' }],
    [
      'an annotated function of any name',
      {
        'model.js':
          '// helper\nexport function one() {}\n//modelop.score\nexport async function perform() { return 7 }',
      },
    ],
    ['an annotated default export', { 'model.js': '// modelop.score\nexport default () => 7' }],
    [
      'CommonJS',
      {
        'model.js': 'const seven = require("./seven.js"); module.exports = { score: () => seven }',
        'seven.js': 'module.exports = 7',
      },
    ],
    [
      'an annotated member of exports',
      { 'model.js': 'exports.action = () => 1\n// modelop.score\nexports.predict = () => 7' },
    ],
    [
      'an annotated method of what is exported, with its this',
      { 'model.js': 'module.exports = {\n  seven: 7,\n// modelop.score\n  predict(d) { return d && this.seven },\n}' },
    ],
    [
      'an annotated function that is exported under another name',
      { 'model.js': '// modelop.score\nfunction predict() { return 7 }\nexport { predict as run }' },
    ],
    [
      'an annotated function that CommonJS exports under another name',
      { 'model.js': '// modelop.score\nfunction predict() { return 7 }\nmodule.exports = { run: predict }' },
    ],
    [
      'a name in another script',
      { 'model.js': 'export const action = () => 1\n// modelop.score\nexport const prévoir = () => 7' },
    ],
    [
      'a source that has put functions of its own in the place of JSON.parse and JSON.stringify',
      {
        'model.js':
          'JSON.parse = JSON.stringify = () => "x"\nexport const init = (given) => given\nexport const score = () => 7',
      },
    ],
    ['a default function', { 'model.js': 'export default function () { return 7 }' }],
    ['a function as CommonJS', { 'model.js': 'module.exports = () => 7' }],
    [
      'a function that finds its module in this, as CommonJS',
      { 'model.js': 'exports.seven = 7\nexports.score = function () { return this.seven }' },
    ],
    [
      'an export of its own before a method of the default object',
      { 'model.js': 'export const score = () => 7\nexport default { score: () => 8 }' },
    ],
    [
      'methods of a default object, called on it',
      {
        'model.js':
          'export default { init() { this.seven = 7 }, score() { return this.seven }, other: () => 1 }\nexport const action = 1',
      },
    ],
    [
      'an instance of a class as CommonJS',
      {
        'model.js':
          'class Model { constructor() { this.seven = 7 } score(datum) { return datum && this.seven } }\nmodule.exports = new Model()',
      },
    ],
    [
      'a class',
      {
        'model.js':
          'export default class { constructor() { this.seven = 7 } score(datum) { return datum && this.seven } }',
      },
    ],
    [
      'a class of static methods, as CommonJS',
      { 'model.js': 'class Model { static score() { return 7 } }\nmodule.exports = Model' },
    ],
    [
      'a generator as init',
      { 'model.js': 'let seven\nexport function* init() { seven = 7; yield }\nexport const score = () => seven' },
    ],
    [
      'siblings and sub-folders',
      {
        'model.js': 'import { seven } from "./lib/seven.js"\nexport const score = () => seven',
        'lib/seven.js': 'export { seven } from "../data.js"',
        'data.js': 'export const seven = 7',
      },
    ],
    ['top-level await', { 'model.js': 'const seven = await Promise.resolve(7)\nexport const score = () => seven' }],
    ['CRLF line ends', { 'model.js': '// modelop.score\r\nexport function f() {\r\n  return 7\r\n}\r\n' }],
    [
      'a package.json of its own',
      {
        'package.json': '{"type":"module"}',
        'model.js': 'const seven = 7\nexport { seven as no, f as score }\nfunction f() { return 7 }',
      },
    ],
    [
      'JSON beside it, read by a relative name',
      {
        'model.js':
          'import { readFileSync } from "node:fs"\nlet w\nexport function init() { w = JSON.parse(readFileSync("./w.json", "utf8")) }\nexport const score = () => w.seven',
        'w.json': '{"seven":7}',
      },
    ],
  ]
  test.each(sources)('%s', async (_title, model) => {
    const { output, failed } = await runModel({ model })
    expect(failed).toBeUndefined()
    expect(output).toBe('7\n7\n7\n')
  })

  test('the asset’s own names win', async () => {
    const { output } = await runModel({
      model: '// modelop.score\nexport const a = () => 1\nexport const b = () => 2',
      plan: { functions: { init: 'begin', score: 'b', metrics: null, train: null } },
    })
    expect(output).toBe('2\n2\n2\n')
  })

  test('TypeScript sources run too', async () => {
    const { output, failed } = await runModel({
      model: { 'model.ts': 'export const score = (datum: { x: number }): number => datum.x' },
      plan: { source: 'model.ts' },
    })
    expect(failed).toBeUndefined()
    expect(output).toBe('1\n2\n3\n')
  })

  test('init gets the job when it has a parameter, and nothing when it has none', async () => {
    const model = (parameters: string) =>
      `let got\nexport function init(${parameters}) { got = arguments }\nexport const score = () => [got.length, got[0]?.job.id, JSON.parse(got[0]?.rawJson ?? "{}").model?.name]`
    expect((await runModel({ model: model('start') })).output.split('\n')[0]).toBe('[1,"job-1","m"]')
    expect((await runModel({ model: model('') })).output.split('\n')[0]).toBe('[0,null,null]')
  })

  test('arguments, environment and working directory are clean', async () => {
    const { console, failed } = await runModel({
      model:
        'console.log(process.argv.length, process.argv[1].endsWith("playground/model.js"), process.execArgv.length, process.cwd().endsWith("playground"), JSON.stringify(process.env))\nexport const score = () => {}',
      env: { GIVEN: 'yes' },
    })
    expect(failed).toBeUndefined()
    expect(console).toEqual(['stdout: 2 true 0 true {"GIVEN":"yes"}'])
  })

  test('what it prints is told line by line, to the last', async () => {
    const { console } = await runModel({
      model:
        'export function score({ x }) { console.log("out", x); console.error("err\\nmore", x); process.stdout.write("no end " + x) }',
    })
    expect(console.filter((line) => line.startsWith('stdout'))).toEqual([
      'stdout: out 1',
      'stdout: no end 1out 2',
      'stdout: no end 2out 3',
      'stdout: no end 3',
    ])
    expect(console.filter((line) => line.startsWith('stderr'))).toEqual([
      'stderr: err',
      'stderr: more 1',
      'stderr: err',
      'stderr: more 2',
      'stderr: err',
      'stderr: more 3',
    ])
  })
})
