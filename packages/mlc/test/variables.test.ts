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

describe('bytes behind …/data', () => {
  const form = (fields: Record<string, string>) => {
    const part = ([name, text]: [string, string]) =>
      `--b\r\ncontent-disposition: form-data; name="${name}"${name === 'data' ? '; filename="ä.csv"\r\ncontent-type: text/csv' : ''}\r\n\r\n${text}\r\n`
    return `${Object.entries(fields).map(part).join('')}--b--\r\n`
  }
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }

  it('go in by a form and come out as they are, a file with its name and kind', async () => {
    const server = await startMlc()
    const path = `/process-instance/${await startWith(server, '{}')}/variables`
    const put = (name: string, fields: Record<string, string>) =>
      server.call('POST', `${path}/${name}/data`, form(fields), { headers })
    expect((await put('bytes', { data: 'a,b' })).status).toBe(204)
    expect((await put('file', { valueType: 'File', data: 'a,b' })).status).toBe(204)
    const bytes = await server.call('GET', `${path}/bytes/data`)
    expect([bytes.body, bytes.headers['content-type']]).toEqual(['a,b', 'application/octet-stream'])
    const file = await server.call('GET', `${path}/file/data`)
    expect([file.body, file.headers['content-type']]).toEqual(['a,b', 'text/csv'])
    expect(file.headers['content-disposition']).toBe(`attachment; filename="_.csv"; filename*=UTF-8''%C3%A4.csv`)
    expect((await server.call('GET', `${path}/file`)).body).toMatchObject({
      type: 'File',
      value: null,
      valueInfo: { filename: 'ä.csv', mimetype: 'text/csv' },
    })
  })

  it('are in the history when their instance is gone', async () => {
    const server = await startMlc()
    const id = await startWith(server, '{"doc":{"value":"text"}}')
    const path = `/process-instance/${id}/variables/file/data`
    await server.call('POST', path, form({ valueType: 'File', data: 'a,b' }), { headers })
    await server.call('DELETE', `/process-instance/${id}`)
    const { body } = await server.call('GET', `/history/variable-instance?processInstanceId=${id}`)
    const [file, other] = ['file', 'doc'].map((name) => body.find((row: { name: string }) => row.name === name).id)
    const kept = await server.call('GET', `/history/variable-instance/${file}/data`)
    expect([kept.body, kept.headers['content-type']]).toEqual(['a,b', 'text/csv'])
    expect(await server.call('GET', `/history/variable-instance/${other}/data`)).toMatchObject({
      status: 400,
      body: { message: `Value of variable with id ${other} is not a binary value.` },
    })
    expect((await server.call('GET', '/history/variable-instance/nope/data')).status).toBe(404)
  })

  it.each([
    [{ other: 'x' }, "the form has no part 'data'"],
    [{ data: 'x', valueType: 'Foo' }, "Unsupported value type 'Foo'"],
  ])('%j is told what is wrong with it', async (fields, message) => {
    const server = await startMlc()
    const path = `/process-instance/${await startWith(server, '{}')}/variables/x/data`
    const answer = await server.call('POST', path, form(fields as never), { headers })
    expect(answer).toMatchObject({
      status: 400,
      body: { message: `Cannot put process instance variable x: ${message}` },
    })
    expect((await server.call('GET', path)).status).toBe(404)
  })
})

describe('variables of one execution', () => {
  const mapped = `<bpmn:startEvent id="s"/><bpmn:serviceTask id="x" camunda:type="external" camunda:topic="t"><bpmn:extensionElements>
    <camunda:inputOutput><camunda:inputParameter name="own">1</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>${chain('s', 'x')}`
  async function fetched(): Promise<{ server: MlcServer; processInstanceId: string; executionId: string }> {
    const server = await startMlc()
    await server.deploy({ 'q.bpmn': diagram('q', mapped) })
    const file = { type: 'File', value: 'YSxi', valueInfo: { filename: 'a.csv', mimetype: 'text/csv' } }
    await server.call('POST', '/process-definition/key/q/start', { variables: { file, own: { value: 'other' } } })
    const topics = [{ topicName: 't', lockDuration: 60_000 }]
    const { body } = await server.call('POST', '/external-task/fetchAndLock', { workerId: 'w', maxTasks: 1, topics })
    return { server, ...body[0] }
  }

  it('are read and written apart from those of its instance', async () => {
    const { server, processInstanceId, executionId } = await fetched()
    const own = `/execution/${executionId}/localVariables`
    expect((await server.call('GET', own)).body).toEqual({ own: { type: 'String', value: '1', valueInfo: {} } })
    expect((await server.call('PUT', `${own}/own`, { value: 2 })).status).toBe(204)
    expect((await server.call('POST', own, { modifications: { more: { value: true } } })).status).toBe(204)
    expect((await server.call('DELETE', `${own}/more`)).status).toBe(204)
    expect((await server.call('GET', `${own}/own`)).body).toMatchObject({ type: 'Integer', value: 2 })
    const all = await server.call('GET', `/process-instance/${processInstanceId}/variables`)
    expect(all.body).toMatchObject({ file: { type: 'File', value: null }, own: { value: 'other' } })
    expect(Object.keys(all.body)).toEqual(['file', 'own'])
  })

  it('give a worker the bytes of a file', async () => {
    const { server, processInstanceId } = await fetched()
    const file = await server.call('GET', `/execution/${processInstanceId}/localVariables/file/data`)
    expect([file.status, file.body, file.headers['content-type']]).toEqual([200, 'a,b', 'text/csv'])
  })

  it('are seen with those of its instance under the path of an instance, and written where they are', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': diagram('p', mapped) })
    const valueInfo = { filename: 'in.csv', mimeType: 'text/csv' }
    const variables = { file: { value: 'YSxi', type: 'File', valueInfo }, own: { value: 'hidden' } }
    const { id } = (await server.call('POST', '/process-definition/key/p/start', { variables })).body
    const { executionId } = (await server.call('GET', '/external-task')).body[0]
    const seen = `/process-instance/${executionId}/variables`
    const names = async (path: string) => Object.keys((await server.call('GET', path)).body)
    expect(await names(seen)).toEqual(['file', 'own'])
    const file = await server.call('GET', `${seen}/file/data`)
    expect([file.body, file.headers['content-type']]).toEqual(['a,b', 'text/csv'])
    await server.call('POST', seen, { modifications: { own: { value: 2 }, top: { value: 3 } }, deletions: ['file'] })
    expect(await names(`/execution/${executionId}/localVariables`)).toEqual(['own'])
    expect((await server.call('GET', `${seen}/own`)).body.value).toBe(2)
    const { body: ofInstance } = await server.call('GET', `/process-instance/${id}/variables`)
    expect(Object.keys(ofInstance)).toEqual(['own', 'top'])
    expect(ofInstance.own.value).toBe('hidden')
  })
  it('that is not there are told in the words of the reference engine', async () => {
    const { server, executionId } = await fetched()
    const gone = "execution nope doesn't exist: execution is null"
    const told = async (method: string, path: string, body?: object) => {
      const answer = await server.call(method, `/execution/${path}`, body)
      return [answer.status, answer.body.message]
    }
    expect(await told('GET', 'nope/localVariables')).toEqual([500, gone])
    expect(await told('PUT', 'nope/localVariables/x', { value: 1 })).toEqual([
      500,
      `Cannot put execution variable x: ${gone}`,
    ])
    expect(await told('GET', `${executionId}/localVariables/x`)).toEqual([
      404,
      'execution variable with name x does not exist',
    ])
    expect(await told('GET', `${executionId}/localVariables/own/data`)).toEqual([
      404,
      'execution variable with name own is not a binary variable',
    ])
  })
})

describe('variables in the answer', () => {
  it('of an instance that has ended already are those it ended with; those of its activities are not its own', async () => {
    const server = await startMlc()
    const task = `<bpmn:serviceTask id="t" camunda:expression="\${a + 1}" camunda:resultVariable="b"><bpmn:extensionElements>
      <camunda:inputOutput><camunda:inputParameter name="local">1</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>`
    const body = `<bpmn:startEvent id="s"/>${task}<bpmn:userTask id="u"/><bpmn:endEvent id="e"/>`
    await server.deploy({
      'ends.bpmn': diagram('ends', `${body.replace('<bpmn:userTask id="u"/>', '')}${chain('s', 't', 'e')}`),
      'waits.bpmn': diagram('waits', `${body}${chain('s', 't', 'u', 'e')}`),
    })
    const passing = { value: 'x', valueInfo: { transient: true } }
    const wish = { variables: { a: { value: 1 }, passing }, withVariablesInReturn: true }
    const ended = await server.call('POST', '/process-definition/key/ends/start', wish)
    const own = { a: { type: 'Integer', value: 1, valueInfo: {} }, b: { type: 'Long', value: 2, valueInfo: {} } }
    expect(ended.body).toMatchObject({ ended: true })
    expect(ended.body.variables).toEqual(own)
    expect((await server.call('POST', '/process-definition/key/waits/start', wish)).body.variables).toEqual(own)
    const [waiting] = (await server.call('GET', '/task')).body
    const done = await server.call('POST', `/task/${waiting.id}/complete`, { withVariablesInReturn: true })
    expect([done.status, done.body]).toEqual([200, own])
  })

  it('are there for who started it, under the name the start event gives', async () => {
    const server = await startMlc()
    const start = '<bpmn:startEvent id="s" camunda:initiator="starter"/>'
    const task = '<bpmn:userTask id="u" camunda:assignee="${starter}"/>'
    await server.deploy({ 'p.bpmn': diagram('p', `${start}${task}${chain('s', 'u')}`) })
    await server.call('POST', '/process-definition/key/p/start', {})
    expect((await server.call('GET', '/task')).body).toMatchObject([{ assignee: 'ann' }])
  })

  it('made by a mapping say what they are', async () => {
    const server = await startMlc()
    const map = `<camunda:map><camunda:entry key="k">\${1 + 1}</camunda:entry></camunda:map>`
    const task = `<bpmn:userTask id="u"><bpmn:extensionElements><camunda:inputOutput>
      <camunda:inputParameter name="m">${map}</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements></bpmn:userTask>`
    await server.deploy({ 'p.bpmn': diagram('p', `<bpmn:startEvent id="s"/>${task}${chain('s', 'u')}`) })
    await server.call('POST', '/process-definition/key/p/start', {})
    const { body } = await server.call('GET', '/variable-instance?variableName=m')
    expect(body).toMatchObject([
      { type: 'Object', value: { k: 2 }, valueInfo: { serializationDataFormat: 'application/json' } },
    ])
  })
})
