import { describe, expect, test } from 'vitest'
import { parseBpmn } from '../src/index.ts'
import { around, messagesOf, process, refusalOf, start, warningsOf } from './diagrams.ts'

describe('what is not supported is refused with the element and what to use instead', () => {
  const timer = '<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>'
  const extended = (content: string) => `<extensionElements>${content}</extensionElements>`
  test.each([
    ['<subProcess id="x"/>', 'a sub-process'],
    ['<transaction id="x"/>', 'a transaction'],
    ['<adHocSubProcess id="x"/>', 'an ad-hoc sub-process'],
    ['<callActivity id="x" calledElement="q"/>', 'a call activity'],
    ['<scriptTask id="x" scriptFormat="javascript"><script>1</script></scriptTask>', 'a script task'],
    ['<businessRuleTask id="x" camunda:decisionRef="d"/>', 'a business rule task'],
    ['<inclusiveGateway id="x"/>', 'an inclusive gateway'],
    ['<complexGateway id="x"/>', 'a complex gateway'],
    ['<eventBasedGateway id="x"/>', 'an event-based gateway'],
    [
      '<userTask id="x"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask>',
      'multi-instance',
    ],
    ['<userTask id="x" isForCompensation="true"/>', 'compensation'],
    [
      `<userTask id="x">${extended('<camunda:executionListener class="c" event="start"/>')}</userTask>`,
      'an execution listener',
    ],
    [`<userTask id="x">${extended('<camunda:taskListener class="c" event="create"/>')}</userTask>`, 'a task listener'],
    [
      `<serviceTask id="x">${extended('<camunda:connector><camunda:connectorId>http</camunda:connectorId></camunda:connector>')}</serviceTask>`,
      'a connector',
    ],
    [
      `<userTask id="x">${extended('<camunda:inputOutput><camunda:inputParameter name="a"><camunda:script scriptFormat="js">1</camunda:script></camunda:inputParameter></camunda:inputOutput>')}</userTask>`,
      'a script in camunda:inputOutput',
    ],
    [
      `<serviceTask id="x">${extended('<zeebe:taskDefinition type="score"/>')}</serviceTask>`,
      'an extension of Camunda 8 (zeebe:)',
    ],
    [
      `<userTask id="x">${extended('<zeebe:assignmentDefinition assignee="=a"/>')}</userTask>`,
      'an extension of Camunda 8 (zeebe:)',
    ],
    [
      '<intermediateCatchEvent id="x"><conditionalEventDefinition><condition>${a}</condition></conditionalEventDefinition></intermediateCatchEvent>',
      'a conditional event',
    ],
    ['<intermediateCatchEvent id="x"><linkEventDefinition name="l"/></intermediateCatchEvent>', 'a link event'],
    ['<intermediateThrowEvent id="x"><escalationEventDefinition/></intermediateThrowEvent>', 'an escalation event'],
    ['<intermediateThrowEvent id="x"><compensateEventDefinition/></intermediateThrowEvent>', 'a compensation event'],
    [
      '<intermediateThrowEvent id="x"><signalEventDefinition signalRef="sg"/></intermediateThrowEvent>',
      'a signal event definition on intermediateThrowEvent',
    ],
    [
      '<intermediateThrowEvent id="x"><messageEventDefinition camunda:class="c"/></intermediateThrowEvent>',
      'a message throw event with an implementation',
    ],
    [
      `<intermediateCatchEvent id="x">${timer}<signalEventDefinition signalRef="sg"/></intermediateCatchEvent>`,
      'several event definitions',
    ],
  ])('%s', async (element, what) => {
    const refusal = await refusalOf(around(element, '<signal id="sg" name="go"/>'))
    expect(refusal.status).toBe(400)
    expect(refusal.errors).toHaveLength(1)
    expect(refusal.errors[0]).toMatchObject({ mainElementId: 'x', line: 5, column: 1 })
    expect(refusal.errors[0]?.message).toContain(`Element 'x' is or has ${what}`)
    expect(refusal.errors[0]?.message).toMatch(/which is not supported; \w+/)
    expect(refusal.message).toMatch(
      /^ENGINE-09005 Could not parse BPMN process\. Errors: \n\* .* \| resource p\.bpmn \| line 5 \| column 1$/,
    )
  })

  test('a listener on the process or a flow, and a scripted condition', async () => {
    const listener = extended('<camunda:executionListener class="c" event="end"/>')
    expect(await messagesOf(process(`${listener}${start}`))).toEqual([
      expect.stringContaining("'p' is or has an execution listener"),
    ])
    const flow = (content: string) =>
      process(`${start}<endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e">${content}</sequenceFlow>`)
    expect(await messagesOf(flow(listener))).toEqual([expect.stringContaining("'f' is or has an execution listener")])
    const script = '<conditionExpression xsi:type="tFormalExpression" language="javascript">a</conditionExpression>'
    expect(await messagesOf(flow(script))).toEqual([expect.stringContaining("'f' is or has a scripted condition")])
  })

  test('a file of the modeler for Camunda 8, by the process it is about', async () => {
    const platform = (name: string) =>
      `xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="${name}" id="d"`
    const file = (name: string) => process(start).replace('id="d"', platform(name))
    expect(await messagesOf(file('Camunda Cloud'))).toEqual([
      expect.stringContaining("Element 'p' is or has a diagram for Camunda 8 (Camunda Cloud), which is not supported"),
    ])
    expect(await warningsOf(file('Camunda Platform'))).toEqual([])
  })

  test('what was deployed before it was refused is read all the same', async () => {
    const xml = around(`<userTask id="x">${extended('<zeebe:assignmentDefinition assignee="=a"/>')}</userTask>`)
    const stored = await parseBpmn(xml, { isStored: true })
    expect(stored.ok && stored.graphs[0]?.nodes.has('x')).toBe(true)
    expect(stored.warnings).toEqual([
      expect.objectContaining({ message: expect.stringContaining('zeebe:'), elementIds: ['x'] }),
    ])
    expect((await parseBpmn(around('<serviceTask id="x"/>'), { isStored: true })).ok).toBe(false)
  })

  test('harmless things are warned of', async () => {
    expect(await warningsOf(around('<userTask id="x"><standardLoopCharacteristics/></userTask>'))).toEqual([
      expect.stringContaining('standardLoopCharacteristics is ignored'),
    ])
    expect(
      await warningsOf(
        around('<userTask id="x"><extensionElements><camunda:formData/></extensionElements></userTask>'),
      ),
    ).toEqual([expect.stringContaining('camunda:formData is ignored')])
    expect(
      await warningsOf(around('<intermediateThrowEvent id="x"><messageEventDefinition/></intermediateThrowEvent>')),
    ).toEqual([expect.stringContaining('The message is not sent')])
    expect(
      await warningsOf(around('<userTask id="x"><extensionElements><camunda:novelty/></extensionElements></userTask>')),
    ).toEqual([expect.stringContaining('unknown type <camunda:Novelty>')])
    const cycle = '<timerEventDefinition><timeCycle>bad</timeCycle></timerEventDefinition>'
    expect(await warningsOf(around(`<intermediateCatchEvent id="x">${cycle}</intermediateCatchEvent>`))).toEqual([
      expect.stringContaining("ENGINE-09026 Exception while parsing cycle expression 'bad'"),
    ])
  })
})
