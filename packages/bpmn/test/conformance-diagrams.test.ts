import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBpmn } from '../src/index.ts'

const folder = fileURLToPath(new URL('./testdata/', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.bpmn'))
  .sort()
const read = (file: string) => readFileSync(`${folder}${file}`, 'utf8')

/** Beyond this elements, or wrong on purpose. */
const refused = new Map([
  ['call-activity/p.bpmn', ['call']],
  ['compensation/p.bpmn', ['ba', 'bb', 'ua', 'ub', 'th']],
  ['conditional-boundary/p.bpmn', ['bn', 'bi']],
  ['dmn-business-rule/p.bpmn', ['r1', 'r2']],
  ['error-boundary/p.bpmn', ['sub']],
  ['escalation/p.bpmn', ['sub', 'bn', 'bi']],
  ['escalation/q.bpmn', ['th']],
  ['exclusive-gateway/r.bpmn', ['g']],
  ['execution-listeners/p.bpmn', ['lisEx', 's', 'x', 'sub', 's_x']],
  ['inclusive-gateway/p.bpmn', ['g', 'j']],
  ['inclusive-gateway/q.bpmn', ['g']],
  ['mi-parallel-collection/p.bpmn', ['t']],
  ['mi-sequential/p.bpmn', ['t']],
  ['modification/p.bpmn', ['sub']],
  ['signal-broadcast-variables/p.bpmn', ['sub']],
])

describe('diagrams of the conformance scenarios', () => {
  test.each(files)('%s parses, or is refused with a reason that names the element', async (file) => {
    const result = await parseBpmn(read(file), { resource: file })
    const elements = refused.get(file)
    if (elements === undefined) {
      expect(result).toMatchObject({ ok: true, warnings: [] })
      return
    }
    if (result.ok) throw new Error('it parses')
    expect(result.errors.map((error) => error.mainElementId)).toEqual(elements)
    for (const error of result.errors) {
      expect(error.message).toContain(`'${error.mainElementId}'`)
      expect(error.line).toBeGreaterThan(0)
      expect(error.column).toBeGreaterThan(0)
    }
  })

  test('the refusal of a lone conditional flow is the recorded one', async () => {
    const result = await parseBpmn(read('exclusive-gateway/r.bpmn'), { resource: 'r.bpmn' })
    const told =
      "Exclusive Gateway 'g' has only one outgoing sequence flow ('g_a'). This is not allowed to have a condition."
    expect(result).toMatchObject({
      ok: false,
      status: 400,
      errors: [{ message: told, mainElementId: 'g', elementIds: ['g', 'g_a'] }],
      message: `ENGINE-09005 Could not parse BPMN process. Errors: \n* ${told} | resource r.bpmn`,
    })
  })

  test('the same file gives the same graph', async () => {
    const file = 'batch-job-life/p.bpmn'
    expect(await parseBpmn(read(file))).toEqual(await parseBpmn(read(file)))
  })

  test('a damaged file is refused or parses, and nothing is thrown', async () => {
    const texts = ['batch-job-life/p.bpmn', 'io-mapping/p.bpmn', 'exclusive-gateway/p.bpmn'].map(read)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(40),
        fc.string(),
        async (text, place, length, scrap) => {
          const at = place % text.length
          const result = await parseBpmn(`${text.slice(0, at)}${scrap}${text.slice(at + length)}`)
          if (!result.ok) expect(result.message).toMatch(/^ENGINE-\d{5} /)
        },
      ),
      { numRuns: 300 },
    )
  })
})
