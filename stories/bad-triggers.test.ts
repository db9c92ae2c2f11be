/** Triggers and diagrams with something wrong in them: told in one sentence at the door, else by an incident under the instance's id. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, incidentOf, signalName, startBySignal } from './calls.ts'
import { deploy, ended, writeRows } from './deploy.ts'
import { eventually, type Rowhouse, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let input: string
const responsive = '/mlc-service/rest/signalResponsive'

beforeAll(async () => {
  rowhouse = await startRowhouse()
  await deploy(rowhouse, 'counts-records')
  input = writeRows(rowhouse, 'rows.csv', 5)
  // the snapshot starts a process of its own, a moment later: what is counted below must not meet it
  await eventually('the process of the snapshot', async () => ((await instanceCount()) === 1 ? true : undefined))
})
afterAll(() => rowhouse?.remove())

const diagram = (key: string, content: string) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="stories">
<process id="${key}" isExecutable="true" camunda:historyTimeToLive="P1D">
<startEvent id="start"><signalEventDefinition signalRef="go" /></startEvent>
<sequenceFlow id="toWork" sourceRef="start" targetRef="work" />
${content}
</process>
<signal id="go" name="go.${key}" />
</definitions>`

async function deployDiagram(name: string, xml: string) {
  const form = new FormData()
  form.set('deployment-name', 'story')
  form.set('data', new Blob([xml]), name)
  const headers = { authorization: `Bearer ${rowhouse.token}` }
  const answer = await fetch(`${rowhouse.url}/mlc-service/rest/deployment/create`, {
    method: 'POST',
    body: form,
    headers,
  })
  return {
    status: answer.status,
    body: (await answer.json()) as { type?: string; message: string; warnings: string[] },
  }
}

function mocFile(name: string, content: string): string {
  const path = join(rowhouse.folder, name)
  writeFileSync(path, content)
  return path
}

const instanceCount = async () =>
  (await call(rowhouse, 'GET', '/mlc-service/rest/history/process-instance/count')).body.count

describe('a signal that cannot be sent', () => {
  it.each([
    ['without a name', {}, /^No signal name given$/],
    ['with an empty name', { name: '' }, /^No signal name given$/],
    ['with a number for a name', { name: 5 }, /'name'.*expected string/],
    ['with a list for variables', { name: signalName, variables: [] }, /Variables must be an object.*\{"value": …\}/],
    ['with a bare value for a variable', { name: signalName, variables: { TAG: 'x' } }, /^Variable 'TAG'.*"value": …/],
    [
      'with a text where an Integer is said',
      { name: signalName, variables: { N: { value: 'many', type: 'Integer' } } },
      /variable 'N': Cannot convert value 'many' of type 'Integer'/,
    ],
    [
      'with a type nobody knows',
      { name: signalName, variables: { N: { value: 1, type: 'Strange' } } },
      /variable 'N': Unsupported value type 'Strange'/,
    ],
    [
      'with JSON that is none',
      { name: signalName, variables: { N: { value: '{', type: 'Json' } } },
      /variable 'N': The value is no JSON text/,
    ],
    [
      'with an empty IDEMPOTENCY_KEY, which would make one of all triggers',
      { name: signalName, variables: { IDEMPOTENCY_KEY: { value: ' ' } } },
      /^IDEMPOTENCY_KEY is empty: give each trigger a key of its own, or leave the variable out$/,
    ],
    [
      'with a list for IDEMPOTENCY_KEY',
      { name: signalName, variables: { IDEMPOTENCY_KEY: { value: ['a'] } } },
      /^IDEMPOTENCY_KEY must be a text or a number$/,
    ],
    [
      'with a character that cannot be stored',
      { name: signalName, variables: { N: { value: 'a\u0000b' } } },
      /variable 'N': .*U\+0000/,
    ],
  ])('%s is 400 with the place, and starts nothing', async (_title, body, message) => {
    const before = await instanceCount()
    const answer = await call(rowhouse, 'POST', responsive, { body })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ type: 'InvalidRequestException', message: expect.stringMatching(message) })
    expect(await instanceCount()).toBe(before)
  })

  it('without a name is 400 at /signal too', async () => {
    expect((await call(rowhouse, 'POST', '/mlc-service/rest/signal', { body: {} })).body.message).toBe(
      'No signal name given',
    )
  })

  it('to nobody is 404 with what to deploy; plain /signal answers 204 as the reference engine does', async () => {
    const answer = await call(rowhouse, 'POST', responsive, { body: { name: 'nobody.listens' } })
    expect(answer.status).toBe(404)
    expect(answer.body.message).toMatch(
      /'nobody\.listens'.*moc mlc deploy.*definitions start on '.*Signals_DEPLOYED_BATCH_JOB'/,
    )
    const plain = await call(rowhouse, 'POST', '/mlc-service/rest/signal', { body: { name: 'nobody.listens' } })
    expect(plain.status).toBe(204)
  })

  it('by moc: each mistake in the file has its sentence and its exit code', async () => {
    const trigger = (path: string) => rowhouse.moc('mlc', 'trigger', '--file', path)
    const bad: [string, number, RegExp][] = [
      [join(rowhouse.folder, 'nowhere.json'), 3, /There is no file .*nowhere\.json/],
      [rowhouse.folder, 2, /cannot be read: it is a folder/],
      [mocFile('broken.json', '{"name": '), 2, /broken\.json is not JSON/],
      [mocFile('list.json', '[]'), 2, /list\.json must hold a JSON object/],
      [mocFile('nameless.json', '{}'), 2, /nameless\.json names no signal.*signalResponsive/],
      [mocFile('nobody.json', '{"name":"nobody.listens"}'), 3, /'nobody\.listens'/],
      [mocFile('bare.json', `{"name":"${signalName}","variables":{"TAG":"x"}}`), 2, /Variable 'TAG'/],
    ]
    for (const [path, code, sentence] of bad) {
      const ran = await trigger(path)
      expect(ran.stderr).toMatch(sentence)
      expect(ran).toMatchObject({ code, stdout: '' })
    }
  })
})

describe('a trigger that names nothing there is', () => {
  it.concurrent.each([
    ['TAG is missing', { MODEL_STAGE: 'DEV' }, /variable TAG .* is missing; send it with the signal/],
    ['MODEL_STAGE is missing', { TAG: 'cc-fraud' }, /variable MODEL_STAGE .* is missing/],
    ['TAG is a list', { TAG: ['cc-fraud'], MODEL_STAGE: 'DEV' }, /variable TAG .* must be a text/],
    [
      'TAG is unknown',
      { TAG: 'churn', MODEL_STAGE: 'DEV' },
      /TAG 'churn' and MODEL_STAGE 'DEV': deployed are 'cc-fraud' to DEV.*To mend: moc snapshot create/,
    ],
    [
      'the stage is unknown',
      { TAG: 'cc-fraud', MODEL_STAGE: 'PRD' },
      /MODEL_STAGE 'PRD'.*To mend: moc deployment create/,
    ],
    [
      'INPUT_FILE is no path',
      { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', INPUT_FILE: 5 },
      /INPUT_FILE is '5': it must be a path/,
    ],
    [
      'no input is named',
      { TAG: 'cc-fraud', MODEL_STAGE: 'DEV' },
      /No input for the job.*\(model 'counts-records' .*, stage DEV\) keeps none.*moc deployment create [0-9a-f-]{36} --stage DEV --input <URL>/,
    ],
    [
      'JOB_TYPE is unknown',
      { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', JOB_TYPE: 'SOMETHING' },
      /JOB_TYPE is 'SOMETHING': it must be one of MODEL_BATCH_JOB/,
    ],
  ])('%s: 200 with the id, and an incident that says what to do', async (_title, variables, message) => {
    const id = await startBySignal(rowhouse, variables)
    expect((await incidentOf(rowhouse, id)).incidentMessage).toMatch(message)
  })

  it('mended, the retries of the incident carry the same instance to its end', async () => {
    // given a tag taken from the runtime after the deployment
    const variables = { TAG: 'cc-fraud', MODEL_STAGE: 'DEV', INPUT_FILE: input, OUTPUT_FILE: `${input}.scores.csv` }
    await rowhouse.moc('runtime', 'tag', 'rm', 'local', 'cc-fraud')
    const id = await startBySignal(rowhouse, variables)
    const incident = await incidentOf(rowhouse, id)
    const mend = /moc runtime tag add local cc-fraud/.exec(incident.incidentMessage)?.[0]
    expect(mend).toBeDefined()
    // when the command it names is run and the work is tried again
    expect((await rowhouse.moc(...(mend ?? '').split(' ').slice(1))).code).toBe(0)
    const [work] = (await call(rowhouse, 'GET', `/mlc-service/rest/job?processInstanceId=${id}`)).body
    expect(
      (await call(rowhouse, 'PUT', `/mlc-service/rest/job/${work.id}/retries`, { body: { retries: 1 } })).status,
    ).toBe(204)
    // then
    const jobId = await eventually('the job', async () => {
      const found = await rowhouse.client.jobHistories.findByRootProcessInstanceId(id)
      return found._embedded.jobHistories?.[0]?.jobId
    })
    expect(await ended(rowhouse, jobId)).toMatchObject({ jobStatus: 'COMPLETE' })
    expect((await call(rowhouse, 'GET', `/mlc-service/rest/incident?processInstanceId=${id}`)).body).toEqual([])
  })

  it('moc --wait says the incident and exits 1', async () => {
    const file = mocFile(
      'churn.json',
      JSON.stringify({ name: signalName, variables: { TAG: { value: 'churn' }, MODEL_STAGE: { value: 'DEV' } } }),
    )
    const ran = await rowhouse.moc('mlc', 'trigger', '--file', file, '--wait')
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/Incident at findDeployment: .*'churn'/)
  })
})

it('variables that are none start nothing at the other doors either', async () => {
  const before = await instanceCount()
  const start = (variables: unknown) =>
    call(rowhouse, 'POST', '/mlc-service/rest/process-definition/key/RunBatchJob/start', { body: { variables } })
  expect((await start('x')).body.message).toMatch(/^Variables must be an object/)
  expect((await start({ TAG: 'x' })).body.message).toMatch(/^Variable 'TAG' is not an object/)
  const message = { messageName: 'rowhouse.job.ended', processVariables: { A: 1 } }
  const answer = await call(rowhouse, 'POST', '/mlc-service/rest/message', { body: message })
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(/^Variable 'A'/) } })
  expect(await instanceCount()).toBe(before)
})

describe('a diagram that does not deploy', () => {
  it.each([
    [
      'cut off in the middle',
      diagram('cut', '<userTask id="work" />').slice(0, 420),
      500,
      /cut.*not BPMN 2\.0 XML.*line \d+/s,
    ],
    ['that is no XML', 'hello', 500, /not BPMN 2\.0 XML.*Save it from a modeler/s],
    ['that is empty', '', 500, /not BPMN 2\.0 XML/],
    [
      'with a script task',
      diagram('cut', '<scriptTask id="work" scriptFormat="groovy"><script>1</script></scriptTask>'),
      400,
      /Element 'work' is or has a script task, which is not supported; use a service task.*line 7/s,
    ],
    [
      'with a flow to nowhere',
      diagram('cut', ''),
      400,
      /Invalid destination 'work' of sequence flow 'toWork'.*line 6/s,
    ],
    [
      'with an expression that is none',
      diagram('cut', '<serviceTask id="work" camunda:expression="${oops" />'),
      500,
      /Error parsing '\$\{oops'.*line 7/s,
    ],
  ])('%s says what and where, and nothing of it is kept', async (_title, xml, status, message) => {
    const answer = await deployDiagram('cut.bpmn', xml)
    expect(answer.status).toBe(status)
    expect(answer.body.message).toMatch(message)
    expect((await call(rowhouse, 'GET', '/mlc-service/rest/process-definition?key=cut')).body).toEqual([])
    // and moc says the same, as a mistake of the caller
    const ran = await rowhouse.moc('mlc', 'deploy', mocFile('cut.bpmn', xml))
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(message)
  })

  it('as a form that is none is 400', async () => {
    for (const type of ['multipart/form-data; boundary=x', 'multipart/form-data']) {
      const answer = await call(rowhouse, 'POST', '/mlc-service/rest/deployment/create', {
        ...{ body: 'rubbish', headers: { 'content-type': type } },
      })
      expect(answer.status).toBe(400)
      expect(answer.body.message).toMatch(/^The form cannot be read \(.*\): send multipart\/form-data/)
    }
    const json = await call(rowhouse, 'POST', '/mlc-service/rest/deployment/create', { body: {} })
    expect(json).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/sent as multipart\/form-data/) },
    })
  })

  it('is not there, says moc', async () => {
    const ran = await rowhouse.moc('mlc', 'deploy', 'nowhere.bpmn')
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringMatching(/There is no file .*nowhere\.bpmn/) })
  })
})

describe('a diagram that fails while it runs', () => {
  it.each([
    [
      'an expression of a task',
      'taskFails',
      '<serviceTask id="work" camunda:asyncBefore="true" camunda:expression="${noSuchThing.go()}" />',
      /\$\{noSuchThing\.go\(\)\}.*noSuchThing/,
    ],
    [
      'a condition',
      'conditionFails',
      `<exclusiveGateway id="work" default="otherwise" /><endEvent id="end" />
       <sequenceFlow id="when" sourceRef="work" targetRef="end"><conditionExpression xsi:type="tFormalExpression">\${AMOUNT > 1}</conditionExpression></sequenceFlow>
       <sequenceFlow id="otherwise" sourceRef="work" targetRef="end" />`,
      /\$\{AMOUNT > 1\}.*AMOUNT/,
    ],
    [
      'an unknown delegate',
      'delegateFails',
      '<serviceTask id="work" camunda:class="com.example.Nothing" />',
      /'work' calls the delegate 'com\.example\.Nothing'.*Known are: .*CreateModelBatchJob/,
    ],
  ])(
    '%s becomes an incident that quotes it, under the id the trigger answered',
    async (_title, key, content, message) => {
      expect((await deployDiagram(`${key}.bpmn`, diagram(key, content))).status).toBe(200)
      const id = await startBySignal(rowhouse, {}, `go.${key}`)
      expect((await incidentOf(rowhouse, id)).incidentMessage).toMatch(message)
    },
  )
})

it('two definitions on one signal both start; the deployment of the second and the log warn', async () => {
  // given
  const waiting = (key: string) => diagram(key, '<userTask id="work" />').replaceAll(`go.${key}`, 'go.both')
  expect((await deployDiagram('b-first.bpmn', waiting('bFirst'))).body.warnings ?? []).toEqual([])
  const second = await deployDiagram('a-second.bpmn', waiting('aSecond'))
  expect(second.body.warnings.join()).toMatch(/'go\.both'.*bFirst/)
  // when
  const answer = await call(rowhouse, 'POST', responsive, { body: { name: 'go.both' } })
  // then
  const keys = answer.body.processInstances.map((instance: { definitionKey: string }) => instance.definitionKey)
  expect(keys).toEqual(['aSecond', 'bFirst'])
  expect(answer.body.processInstanceId).toBe(answer.body.processInstances[0].id)
  await eventually('the word in the log', async () => (/go\.both/.test(rowhouse.said()) ? true : undefined))
})

it('names in any script and a tag beyond measure are told in whole sentences', async () => {
  const id = await startBySignal(rowhouse, { TAG: 'Bonität ✓ 日本', MODEL_STAGE: 'DEV' })
  expect((await incidentOf(rowhouse, id)).incidentMessage).toMatch(/TAG 'Bonität ✓ 日本'.*To mend: /)
  const long = await startBySignal(rowhouse, { TAG: 'x'.repeat(9000), MODEL_STAGE: 'DEV' })
  expect((await incidentOf(rowhouse, long)).incidentMessage).toMatch(/^.{1,1500}$/s)
  expect((await incidentOf(rowhouse, long)).incidentMessage).toMatch(/deployed are 'cc-fraud' to DEV/)
})
