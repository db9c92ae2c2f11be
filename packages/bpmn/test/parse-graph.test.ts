import { describe, expect, test } from 'vitest'
import { parseBpmn } from '../src/index.ts'
import { around, definitions, graphOf, messagesOf, nodeOf, process, start, warningsOf } from './diagrams.ts'

describe('a process becomes a graph', () => {
  test('with its attributes, nodes, flows and starts', async () => {
    const graph = await graphOf(
      definitions(`<process id="p" name="P" isExecutable="true" camunda:versionTag="v1" camunda:historyTimeToLive="P30D"
        camunda:isStartableInTasklist="false"><documentation> What it does </documentation>${start}<endEvent id="e"/>
        <sequenceFlow sourceRef="s" targetRef="e"/><sequenceFlow id="sequenceFlow_3" sourceRef="s" targetRef="e"/>
        <sequenceFlow sourceRef="s" targetRef="e"/></process>`),
    )
    expect(graph).toMatchObject({
      key: 'p',
      name: 'P',
      category: 'urn:test',
      description: 'What it does',
      versionTag: 'v1',
      historyTimeToLiveDays: 30,
      startableInTasklist: false,
      startIds: ['s'],
    })
    expect([...graph.flows.keys()]).toEqual(['sequenceFlow_1', 'sequenceFlow_3', 'sequenceFlow_3_'])
    expect(graph.nodes.get('s')).toMatchObject({
      kind: 'startEvent',
      activityType: 'startEvent',
      event: { kind: 'none' },
    })
    expect(graph.nodes.get('s')?.outgoing).toEqual(['sequenceFlow_1', 'sequenceFlow_3', 'sequenceFlow_3_'])
    expect(graph.nodes.get('e')).toMatchObject({ kind: 'endEvent', activityType: 'noneEndEvent', outgoing: [] })
  })

  test('only processes that say they are executable are deployed, each to a graph of its own', async () => {
    const result = await parseBpmn(
      definitions(
        `<process id="a" isExecutable="true">${start}</process><process id="b"><startEvent id="s2"/></process>` +
          '<process id="c" isExecutable="false"/><process id="d2" isExecutable="true"><startEvent id="s3"/></process>',
      ),
    )
    expect(result.ok && result.graphs.map((graph) => graph.key)).toEqual(['a', 'd2'])
    expect(result.warnings.map((warning) => warning.mainElementId)).toEqual(['b', 'c'])
  })

  test('what is only drawn is ignored', async () => {
    const graph = await graphOf(
      process(`<laneSet id="l"><lane id="l1"><flowNodeRef>s</flowNodeRef></lane></laneSet>${start}<dataObject id="do"/>
        <dataObjectReference id="dr" dataObjectRef="do"/><textAnnotation id="ta"><text>note</text></textAnnotation>
        <association id="as" sourceRef="s" targetRef="ta"/><group id="gr"/>`),
    )
    expect([...graph.nodes.keys()]).toEqual(['s'])
  })

  test.each([
    ['http://activiti.org/bpmn', 'activiti'],
    ['http://operaton.org/schema/1.0/bpmn', 'operaton'],
    ['http://camunda.org/schema/1.0/bpmn', 'camunda'],
  ])('extensions of %s are Camunda extensions', async (uri, prefix) => {
    const xml = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:${prefix}="${uri}" targetNamespace="http://activiti.org/bpmn">
      <bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"/><bpmn:serviceTask id="x" ${prefix}:class="com.x.Y" ${prefix}:async="true"/></bpmn:process></bpmn:definitions>`
    const graph = await graphOf(xml)
    expect(graph.category).toBe('http://activiti.org/bpmn')
    expect(graph.nodes.get('x')).toMatchObject({
      implementation: { kind: 'class', className: 'com.x.Y' },
      asyncBefore: true,
    })
  })
})

describe('activities', () => {
  test.each([
    ['camunda:class="com.modelop.mlc.GetJob"', { kind: 'class', className: 'com.modelop.mlc.GetJob' }],
    ['camunda:delegateExpression="${getJob}"', { kind: 'delegateExpression', name: 'getJob' }],
    ['camunda:expression="${a}" camunda:resultVariable="r"', { kind: 'expression', resultVariable: 'r' }],
    ['camunda:expression="${a}"', { kind: 'expression', resultVariable: null }],
    ['camunda:type="external" camunda:topic="t-${a}"', { kind: 'external', topic: { text: 't-${a}' }, priority: null }],
    [
      'camunda:type="external" camunda:topic="t" camunda:taskPriority="7"',
      { kind: 'external', priority: { text: '7' } },
    ],
  ])('a service task with %s; a send task is the same', async (attributes, implementation) => {
    const task = await nodeOf(around(`<serviceTask id="x" ${attributes}/>`), 'x', 'serviceTask')
    expect(task).toMatchObject({ activityType: 'serviceTask', implementation })
    const send = await nodeOf(around(`<sendTask id="x" ${attributes}/>`), 'x', 'serviceTask')
    expect(send).toMatchObject({ activityType: 'sendTask', implementation })
  })

  test('async, exclusive, retries, priorities and fields', async () => {
    const xml = around(`<serviceTask id="x" camunda:class="c" camunda:asyncBefore="true" camunda:asyncAfter="true"
      camunda:exclusive="false" camunda:jobPriority="\${p}"><extensionElements>
      <camunda:failedJobRetryTimeCycle>R3/PT1S</camunda:failedJobRetryTimeCycle>
      <camunda:field name="a" stringValue="\${literal}"/><camunda:field name="b"><camunda:string>text</camunda:string></camunda:field>
      <camunda:field name="c"><camunda:expression>\${v}</camunda:expression></camunda:field></extensionElements></serviceTask>`)
    const task = await nodeOf(xml, 'x', 'serviceTask')
    expect(task).toMatchObject({ asyncBefore: true, asyncAfter: true, exclusive: false })
    expect(task.retryCycle?.text).toBe('R3/PT1S')
    expect(task.jobPriority?.text).toBe('${p}')
    expect(task.fields.map((field) => [field.name, field.value.parts.length, typeof field.value.parts[0]])).toEqual([
      ['a', 1, 'string'],
      ['b', 1, 'string'],
      ['c', 1, 'object'],
    ])
    expect((await graphOf(xml)).jobDefinitions).toEqual([
      { activityId: 'x', jobType: 'async-continuation', configuration: 'async-before' },
      { activityId: 'x', jobType: 'async-continuation', configuration: 'async-after' },
    ])
  })

  test('input and output mapping with texts, lists and maps', async () => {
    const task = await nodeOf(
      around(`<userTask id="x"><extensionElements><camunda:inputOutput>
        <camunda:inputParameter name="t"> hello \${who} </camunda:inputParameter><camunda:inputParameter name="none"/>
        <camunda:inputParameter name="m"><camunda:map><camunda:entry key="k"><camunda:list><camunda:value>\${n}</camunda:value></camunda:list></camunda:entry>
        <camunda:entry key="v">plain</camunda:entry></camunda:map></camunda:inputParameter>
        <camunda:outputParameter name="o">\${t}</camunda:outputParameter></camunda:inputOutput></extensionElements></userTask>`),
      'x',
      'userTask',
    )
    const text = (value: string) => ({ kind: 'expression', expression: { text: value } })
    expect(task.inputs).toMatchObject([
      { name: 't', value: text('hello ${who}') },
      { name: 'none', value: { expression: { parts: [{ node: 'literal', value: { type: 'Null' } }] } } },
      {
        name: 'm',
        value: {
          kind: 'map',
          entries: [
            { key: 'k', value: { kind: 'list', items: [text('${n}')] } },
            { key: 'v', value: text('plain') },
          ],
        },
      },
    ])
    expect(task.outputs).toMatchObject([{ name: 'o', value: text('${t}') }])
  })

  test('user tasks with their people, dates and form', async () => {
    const task = await nodeOf(
      around(`<userTask id="x" name="Check" camunda:assignee="\${who}" camunda:candidateUsers="a,b" camunda:candidateGroups="g"
        camunda:dueDate="\${now()}" camunda:followUpDate="2030-01-01" camunda:priority="70" camunda:formKey="embedded:f"><documentation>Look at it</documentation></userTask>`),
      'x',
      'userTask',
    )
    expect(task).toMatchObject({
      name: 'Check',
      assignee: { text: '${who}' },
      candidateUsers: { text: 'a,b' },
      candidateGroups: { text: 'g' },
      dueDate: { text: '${now()}' },
      followUpDate: { text: '2030-01-01' },
      priority: { text: '70' },
      formKey: 'embedded:f',
      description: 'Look at it',
    })
  })

  test('task and manualTask are passed through', async () => {
    expect(await nodeOf(around('<task id="x"/>'), 'x', 'passThroughTask')).toMatchObject({ activityType: 'task' })
    expect(await nodeOf(around('<manualTask id="x"/>'), 'x', 'passThroughTask')).toMatchObject({
      activityType: 'manualTask',
    })
  })
})

describe('events', () => {
  const root =
    '<message id="m" name="done-${id}"/><signal id="sg" name="go"/><error id="er" errorCode="E1" camunda:errorMessage="${why}"/>'

  test.each([
    ['<signalEventDefinition signalRef="sg"/>', 'intermediateSignalCatch', { kind: 'signal', name: { text: 'go' } }],
    [
      '<messageEventDefinition messageRef="m"/>',
      'intermediateMessageCatch',
      { kind: 'message', name: { text: 'done-${id}' } },
    ],
    [
      '<timerEventDefinition><timeDuration> PT1H </timeDuration></timerEventDefinition>',
      'intermediateTimer',
      { kind: 'timer', timer: { kind: 'duration', expression: { text: 'PT1H' } } },
    ],
    [
      '<timerEventDefinition><timeDate>${when}</timeDate></timerEventDefinition>',
      'intermediateTimer',
      { kind: 'timer', timer: { kind: 'date' } },
    ],
  ])('intermediate catch: %s', async (definition, activityType, event) => {
    const node = await nodeOf(
      around(`<intermediateCatchEvent id="x">${definition}</intermediateCatchEvent>`, root),
      'x',
      'intermediateCatchEvent',
    )
    expect(node).toMatchObject({ activityType, event, correlationKey: null })
  })

  test.each(['event', 'definition'])('a correlation key stands on the %s', async (place) => {
    const key = '<extensionElements><rowhouse:correlation key="${JOB.id}"/></extensionElements>'
    const node = await nodeOf(
      around(
        place === 'event'
          ? `<intermediateCatchEvent id="x">${key}<messageEventDefinition messageRef="m"/></intermediateCatchEvent>`
          : `<intermediateCatchEvent id="x"><messageEventDefinition messageRef="m">${key}</messageEventDefinition></intermediateCatchEvent>`,
        root,
      ),
      'x',
      'intermediateCatchEvent',
    )
    expect(node.correlationKey?.text).toBe('${JOB.id}')
    const receive = await nodeOf(
      around(`<receiveTask id="x" messageRef="m">${key}</receiveTask>`, root),
      'x',
      'receiveTask',
    )
    expect(receive.correlationKey?.text).toBe('${JOB.id}')
    expect(receive.messageName?.text).toBe('done-${id}')
  })

  test('boundary events of the four kinds, joined to their host', async () => {
    const graph = await graphOf(
      around(
        `<userTask id="x"/><boundaryEvent id="b1" attachedToRef="x" cancelActivity="false"><timerEventDefinition><timeCycle>R3/PT10M</timeCycle></timerEventDefinition></boundaryEvent>
        <boundaryEvent id="b2" attachedToRef="x"><errorEventDefinition errorRef="er" camunda:errorCodeVariable="c" camunda:errorMessageVariable="m"/></boundaryEvent>
        <boundaryEvent id="b3" attachedToRef="x"><messageEventDefinition messageRef="m"/></boundaryEvent>
        <boundaryEvent id="b4" attachedToRef="x"><signalEventDefinition signalRef="sg"/></boundaryEvent>
        <boundaryEvent id="b5" attachedToRef="x"><errorEventDefinition/></boundaryEvent>`,
        root,
      ),
    )
    expect(graph.nodes.get('x')?.boundaryIds).toEqual(['b1', 'b2', 'b3', 'b4', 'b5'])
    const types = ['b1', 'b2', 'b3', 'b4'].map((id) => graph.nodes.get(id)?.activityType)
    expect(types).toEqual(['boundaryTimer', 'boundaryError', 'boundaryMessage', 'boundarySignal'])
    expect(graph.nodes.get('b1')).toMatchObject({ cancelActivity: false, attachedToId: 'x' })
    expect(graph.nodes.get('b2')).toMatchObject({
      cancelActivity: true,
      event: { kind: 'error', errorCode: 'E1', codeVariable: 'c', messageVariable: 'm' },
    })
    expect(graph.nodes.get('b5')).toMatchObject({ event: { kind: 'error', errorCode: null } })
    expect(graph.jobDefinitions).toEqual([
      { activityId: 'b1', jobType: 'timer-transition', configuration: 'CYCLE: R3/PT10M' },
    ])
  })

  test('start events by signal (with camunda:in), message and timer', async () => {
    const graph = await graphOf(
      process(
        `<startEvent id="a"><signalEventDefinition signalRef="tns:sg"><extensionElements><camunda:in variables="all"/></extensionElements></signalEventDefinition></startEvent>
        <startEvent id="b"><messageEventDefinition messageRef="m2"/></startEvent>
        <startEvent id="c"><timerEventDefinition><timeCycle>0 0/5 * * * ?</timeCycle></timerEventDefinition></startEvent>`,
        `${root}<message id="m2" name="begin"/>`,
      ),
    )
    expect([...graph.nodes.values()].map((node) => node.activityType)).toEqual([
      'signalStartEvent',
      'messageStartEvent',
      'startTimerEvent',
    ])
    expect(graph.jobDefinitions).toEqual([
      { activityId: 'c', jobType: 'timer-start-event', configuration: 'CYCLE: 0 0/5 * * * ?' },
    ])
  })

  test('end events: error and terminate; a none throw event', async () => {
    const graph = await graphOf(
      process(
        `${start}<intermediateThrowEvent id="t"/><endEvent id="e1"><errorEventDefinition errorRef="er"/></endEvent>
        <endEvent id="e2"><terminateEventDefinition/></endEvent><endEvent id="e3"><errorEventDefinition errorRef="RAW"/></endEvent>`,
        root,
      ),
    )
    expect(graph.nodes.get('t')?.activityType).toBe('intermediateNoneThrowEvent')
    expect(graph.nodes.get('e1')).toMatchObject({
      activityType: 'errorEndEvent',
      event: { errorCode: 'E1', errorMessage: { text: '${why}' } },
    })
    expect(graph.nodes.get('e2')).toMatchObject({ activityType: 'terminateEndEvent', event: { kind: 'terminate' } })
    expect(graph.nodes.get('e3')).toMatchObject({ event: { errorCode: 'RAW' } })
  })
})

describe('exclusive gateways', () => {
  const condition = '<conditionExpression xsi:type="tFormalExpression">${a}</conditionExpression>'
  const gateway = (attributes: string, first: string, second: string) =>
    process(`${start}<exclusiveGateway id="g" ${attributes}/><endEvent id="e"/><sequenceFlow id="f0" sourceRef="s" targetRef="g"/>
      <sequenceFlow id="f1" sourceRef="g" targetRef="e">${first}</sequenceFlow><sequenceFlow id="f2" sourceRef="g" targetRef="e">${second}</sequenceFlow>`)

  test('the default flow has no condition, the others have one', async () => {
    const node = await nodeOf(gateway('default="f2"', condition, ''), 'g', 'exclusiveGateway')
    expect(node).toMatchObject({ defaultFlowId: 'f2', outgoing: ['f1', 'f2'], incoming: ['f0'] })
    expect(await messagesOf(gateway('default="f2"', condition, condition))).toEqual([
      "Exclusive Gateway 'g' has outgoing sequence flow 'f2' which is the default flow but has a condition too.",
    ])
    expect(await messagesOf(gateway('', '', ''))).toEqual([
      "Exclusive Gateway 'g' has outgoing sequence flow 'f1' without condition which is not the default flow.",
      "Exclusive Gateway 'g' has outgoing sequence flow 'f2' without condition which is not the default flow.",
    ])
  })

  test('a single flow without a condition is taken for the default, with a warning', async () => {
    const node = await nodeOf(gateway('', condition, ''), 'g', 'exclusiveGateway')
    expect(node.defaultFlowId).toBe('f2')
    expect(await warningsOf(gateway('', condition, ''))).toEqual([
      expect.stringContaining('We assume it to be the default flow'),
    ])
  })
})

test('properties and the initiator are kept, and a condition may say that it is JUEL', async () => {
  const properties =
    '<camunda:properties><camunda:property name="a" value="1"/><camunda:property name="b"/></camunda:properties>'
  const task = `<serviceTask id="x" camunda:type="external" camunda:topic="t"><extensionElements>${properties}</extensionElements></serviceTask>`
  expect(await nodeOf(around(task), 'x', 'serviceTask')).toMatchObject({ properties: { a: '1', b: '' } })
  const begin = await nodeOf(process('<startEvent id="s" camunda:initiator="who"/>'), 's', 'startEvent')
  expect(begin.initiator).toBe('who')
  const condition = '<conditionExpression xsi:type="tFormalExpression" language="juel">${a}</conditionExpression>'
  const leaving = `<sequenceFlow id="f" sourceRef="s" targetRef="e">${condition}</sequenceFlow>`
  const graph = await graphOf(process(`${start}<endEvent id="e"/>${leaving}`))
  expect(graph.flows.get('f')?.condition?.text).toBe('${a}')
})
