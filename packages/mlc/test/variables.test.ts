/** Variables as users send and read them: nothing is lost on the way in, into the database and out. */
import { describe, expect, it } from 'vitest'
import { chain, diagram, userTask } from './diagram.ts'
import { type MlcServer, rest, startMlc } from './mlc-server.ts'

const waiting = `<bpmn:startEvent id="s"/>${userTask('u').xml}${chain('s', 'u')}`

/** Bodies as text: numbers are to be seen as they were written. */
async function send(server: MlcServer, method: 'GET' | 'POST', path: string, payload?: string): Promise<string> {
  const headers = { authorization: 'Bearer user', 'content-type': 'application/json' }
  return (await server.app.inject({ method, url: `${rest}${path}`, headers, ...(payload ? { payload } : {}) })).body
}

async function startWith(server: MlcServer, variables: string): Promise<string> {
  await server.deploy(
    { 'p.bpmn': diagram('p', waiting) },
    { 'enable-duplicate-filtering': 'true', 'deployment-name': 'p' },
  )
  const answer = await send(server, 'POST', '/process-definition/key/p/start', `{"variables":${variables}}`)
  return JSON.parse(answer).id
}

describe('a long beyond what a double holds', () => {
  it.each([
    ['{"value":9007199254740993}', '9007199254740993'],
    ['{"value":-9223372036854775808}', '-9223372036854775808'],
    ['{"value":9223372036854775807,"type":"Long"}', '9223372036854775807'],
    ['{"value":"9223372036854775807","type":"Long"}', '9223372036854775807'],
  ])('%s comes back to the digit, from the instance and from history', async (variable, digits) => {
    const server = await startMlc()
    const id = await startWith(server, `{"x":${variable}}`)
    const wanted = `"type":"Long","value":${digits},`
    expect(await send(server, 'GET', `/process-instance/${id}/variables`)).toContain(wanted)
    expect(await send(server, 'GET', `/history/variable-instance?processInstanceId=${id}`)).toContain(wanted)
    expect(await send(server, 'GET', `/process-instance/count?variables=x_eq_${digits}`)).toBe('{"count":1}')
    const query = (value: string) => `{"variables":[{"name":"x","operator":"eq","value":${value}}]}`
    expect(await send(server, 'POST', '/process-instance/count', query(digits))).toBe('{"count":1}')
    const other = digits.replace(/\d$/, '1')
    expect(await send(server, 'POST', '/process-instance/count', query(other))).toBe('{"count":0}')
  })

  it.each(['9223372036854775808', '123456789012345678901234567890'])(
    '%s is refused: no long is so large',
    async (digits) => {
      const server = await startMlc()
      await startWith(server, '{}')
      const answer = await send(
        server,
        'POST',
        '/process-definition/key/p/start',
        `{"variables":{"x":{"value":${digits}}}}`,
      )
      expect(JSON.parse(answer).message).toContain(`Cannot convert value '${digits}' of type 'Long'`)
    },
  )

  it('inside a JSON object is a number like any other', async () => {
    const server = await startMlc()
    const id = await startWith(server, '{"x":{"value":{"value":9007199254740993}}}')
    expect(await send(server, 'GET', `/process-instance/${id}/variables/x`)).toContain(
      '"value":{"value":9007199254740992}',
    )
  })
})

it('the members of an object stay in the order in which they came', async () => {
  const server = await startMlc()
  const id = await startWith(
    server,
    `{"doc":{"type":"Json","value":"{\\"zeta\\":1,\\"a\\":{\\"y\\":2,\\"b\\":3}}"},"object":{"value":{"zeta":1,"a":2}}}`,
  )
  for (const path of [`/process-instance/${id}/variables`, `/history/variable-instance?processInstanceId=${id}`]) {
    const text = await send(server, 'GET', path)
    expect(text).toContain('"{\\"zeta\\":1,\\"a\\":{\\"y\\":2,\\"b\\":3}}"')
    expect(text).toContain('{"zeta":1,"a":2}')
  }
})

describe('a query for variables', () => {
  const values = {
    five: 5,
    huge: 1e300,
    text: 'seven',
    yes: true,
    object: { a: 1 },
    when: { value: '2024-05-01T00:00:00.000+0200', type: 'Date' },
  }

  it.each([
    ['v_gt_4', ['five', 'huge']],
    ['v_eq_5', ['five']],
    ['v_neq_5', ['huge']],
    ['v_gt_abc', ['text']],
    ['v_eq_true', ['yes']],
    ['v_like_%25ev%25', ['text']],
    ['v_notLike_%25ev%25', []],
    ['v_lt_2024-05-02T00:00:00.000%2B0000', ['when']],
    ['v_gteq_2024-04-30T22:00:00.000%2B0000', ['when']],
    ['V_eq_SEVEN&variableNamesIgnoreCase=true&variableValuesIgnoreCase=true', ['text']],
    ['V_eq_seven', []],
  ])('%s finds values of that kind', async (query, found) => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', waiting) })
    for (const [businessKey, value] of Object.entries(values)) {
      const v = businessKey === 'when' ? value : { value }
      await server.call('POST', '/process-definition/key/p/start', { businessKey, variables: { v } })
    }
    const { body } = await server.call('GET', `/process-instance?variables=${query}`)
    expect(body.map((one: { businessKey: string }) => one.businessKey)).toEqual(found)
  })
})
