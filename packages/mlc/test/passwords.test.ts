import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { delegateTask, expressionTask, externalTask, onSignal, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const password = 'wJalr-XUtn'
const signature = 'Q29kZQ%3D%3D'
const url = `http://AKIA:${password}@store/in.csv?part=1&sig=${signature}`
const asset = { assetType: 'EXTERNAL_FILE', fileUrl: url }
const variables = {
  DEPLOYED_MODEL: { value: { id: 'deployed-1' } },
  INPUT_FILE: { value: url },
  OUTPUT_FILE: { value: JSON.stringify([asset]) },
  FILES: { value: { list: [asset] } },
}

/** Every row of every table of the wing, as text. */
async function allRows(server: MlcServer): Promise<string> {
  const kysely = (server.database as unknown as { kysely: Parameters<ReturnType<typeof sql>['execute']>[0] }).kysely
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'mlc'`.execute(kysely)
  const texts: string[] = []
  for (const { name } of tables.rows) {
    const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.table(`mlc.${name}`)} t`.execute(
      kysely,
    )
    texts.push(...rows.map((row) => row.text))
  }
  return texts.join('\n')
}

describe('a password or a signature in a URL of a variable', () => {
  it('stands in no table, and reaches the job', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [userTask('t'), delegateTask('make', 'CreateModelBatchJob')]) })
    // given an instance that waits with it
    await server.call('POST', '/signalResponsive', { name: 'go', variables })
    const [task] = await until(async () => {
      const { body } = await server.call('GET', '/task')
      return body.length > 0 && body
    })
    const stored = await allRows(server)
    expect(stored).toContain('@store/in.csv')
    expect(stored).not.toMatch(/wJalr|Q29kZQ/)
    // when it goes on
    await server.call('POST', `/task/${task.id}/complete`, {})
    const job = await until(async () => server.modelManage.jobs[0])
    // then the delegate has it as it was given
    expect(job.body).toMatchObject({ inputData: [{ fileUrl: url }], outputData: [asset] })
    await until(
      async () => (await server.call('GET', '/history/process-instance/count?completed=true')).body.count === 1,
    )
    // and what stays is without it, sealed or not
    const left = await allRows(server)
    expect(left).toContain('http://store/in.csv?part=1&sig=')
    expect(left).not.toMatch(/wJalr|Q29kZQ|sealed:/)
  })

  it('is left out of what an incident says', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [expressionTask('sum', '${INPUT_FILE + 1}')]) })
    await server.call('POST', '/signalResponsive', { name: 'go', variables })
    const { incidentMessage, configuration } = await until(async () => (await server.call('GET', '/incident')).body[0])
    expect(incidentMessage).toContain("Cannot coerce 'http://store/in.csv?part=1&sig='")
    expect((await server.call('GET', `/job/${configuration}/stacktrace`)).body).not.toMatch(/wJalr|Q29kZQ/)
  })

  it('is handed to the worker that locks an external task, and to nobody who looks', async () => {
    const server = await startMlc()
    await server.deploy({ 'x.bpmn': onSignal('x', 'go', [externalTask('score', 'scoring')]) })
    await server.call('POST', '/signal', { name: 'go', variables })
    const { body } = await server.call('POST', '/external-task/fetchAndLock', {
      ...{ workerId: 'w', maxTasks: 1, topics: [{ topicName: 'scoring', lockDuration: 60_000 }] },
    })
    expect(body[0].variables.INPUT_FILE.value).toBe(url)
    expect(JSON.parse(body[0].variables.FILES.value)).toEqual({ list: [asset] })
    for (const path of ['/variable-instance', `/process-instance/${body[0].processInstanceId}/variables`]) {
      const shown = JSON.stringify((await server.call('GET', path)).body)
      expect(shown).toContain('http://store/in.csv')
      expect(shown).not.toMatch(/wJalr|Q29kZQ|sealed:/)
    }
  })

  it('in what a worker tells of its failure is shown to nobody', async () => {
    const server = await startMlc()
    await server.deploy({ 'x.bpmn': onSignal('x', 'go', [externalTask('score', 'scoring')]) })
    await server.call('POST', '/signal', { name: 'go', variables })
    const { body: locked } = await server.call('POST', '/external-task/fetchAndLock', {
      ...{ workerId: 'w', maxTasks: 1, topics: [{ topicName: 'scoring', lockDuration: 60_000 }] },
    })
    const told = `cannot open ${url}`
    await server.call('POST', `/external-task/${locked[0].id}/failure`, {
      ...{ workerId: 'w', errorMessage: told, errorDetails: `at read: ${told}`, retries: 0 },
    })
    const [incident] = (await server.call('GET', '/incident')).body
    expect(incident.incidentMessage).toBe('cannot open http://store/in.csv?part=1&sig=')
    expect(await allRows(server)).not.toMatch(/wJalr|Q29kZQ/)
  })

  it('sent to an execution that waits is sealed until it arrives', async () => {
    const server = await startMlc()
    const wait =
      '<bpmn:intermediateCatchEvent id="w"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:intermediateCatchEvent>'
    await server.deploy({
      'p.bpmn': onSignal('p', 'go', [{ id: 'w', xml: wait }, delegateTask('make', 'CreateModelBatchJob')]),
    })
    await server.call('POST', '/signal', { name: 'go' })
    await server.call('PUT', '/job-definition/suspended', { processDefinitionKey: 'p', suspended: true })
    const before = await server.call('POST', '/signalResponsive', { name: 'go', variables })
    expect(before.body.notifiedExecutions).toHaveLength(1)
    const stored = await allRows(server)
    expect(stored).toContain('sealed:')
    expect(stored).not.toContain(password)
  })
})
