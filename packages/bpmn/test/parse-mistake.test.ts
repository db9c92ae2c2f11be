import { describe, expect, test } from 'vitest'
import { around, definitions, process, refusalOf, start } from './diagrams.ts'

describe('mistakes are told in the words of the reference engine', () => {
  const timerStart = (text: string) =>
    process(`<startEvent id="s"><timerEventDefinition>${text}</timerEventDefinition></startEvent>`)
  test.each([
    ['no start event', process('<endEvent id="e"/>'), 'process must define a startEvent element'],
    [
      'two none starts',
      process(`${start}<startEvent id="s2"/>`),
      'multiple none start events or timer start events not supported on process definition',
    ],
    [
      'a priority of a job that is no number',
      around('<userTask id="x" camunda:asyncBefore="true" camunda:jobPriority="high"/>'),
      "Value 'high' for attribute 'jobPriority' is not a valid number",
    ],
    [
      'a priority of an external task that is no number',
      around('<serviceTask id="x" camunda:type="external" camunda:topic="t" camunda:taskPriority="1.5"/>'),
      "Value '1.5' for attribute 'taskPriority' is not a valid number",
    ],
    [
      'two starts on one signal',
      process(
        '<startEvent id="a"><signalEventDefinition signalRef="sg"/></startEvent><startEvent id="b"><signalEventDefinition signalRef="sg"/></startEvent>',
        '<signal id="sg" name="go"/>',
      ),
      "Cannot have more than one signal event subscription with name 'go' for scope 'p'",
    ],
    [
      'two boundary events on one message',
      around(
        '<userTask id="x"/><boundaryEvent id="b1" attachedToRef="x"><messageEventDefinition messageRef="m"/></boundaryEvent><boundaryEvent id="b2" attachedToRef="x"><messageEventDefinition messageRef="m"/></boundaryEvent>',
        '<message id="m" name="n"/>',
      ),
      "Cannot have more than one message event subscription with name 'n' for scope 'x'",
    ],
    [
      'a signal name used twice',
      process(start, '<signal id="a" name="go"/><signal id="b" name="go"/>'),
      "duplicate signal name 'go'.",
    ],
    ['a signal without a name', process(start, '<signal id="a"/>'), "signal with id 'a' has no name"],
    [
      'no signalRef',
      around('<intermediateCatchEvent id="x"><signalEventDefinition/></intermediateCatchEvent>'),
      "signalEventDefinition does not have required property 'signalRef'",
    ],
    [
      'a signal that is not there',
      around('<intermediateCatchEvent id="x"><signalEventDefinition signalRef="nope"/></intermediateCatchEvent>'),
      "Could not find signal with id 'nope'",
    ],
    [
      'no messageRef',
      around('<intermediateCatchEvent id="x"><messageEventDefinition/></intermediateCatchEvent>'),
      "attribute 'messageRef' is required",
    ],
    [
      'a message that is not there',
      around('<intermediateCatchEvent id="x"><messageEventDefinition messageRef="nope"/></intermediateCatchEvent>'),
      "Invalid 'messageRef': no message with id 'nope' found.",
    ],
    [
      'a message without a name',
      around('<receiveTask id="x" messageRef="m"/>', '<message id="m"/>'),
      'Cannot have a message event subscription with an empty or missing name',
    ],
    [
      'an expression in a message start',
      process(
        '<startEvent id="a"><messageEventDefinition messageRef="m"/></startEvent>',
        '<message id="m" name="${n}"/>',
      ),
      "Invalid message name '${n}' for element 'a': expressions in the message start event name are not allowed!",
    ],
    [
      'a timer without a time',
      timerStart(''),
      'Timer needs configuration (either timeDate, timeCycle or timeDuration is needed).',
    ],
    [
      'an error end without errorRef',
      process(`${start}<endEvent id="e"><errorEventDefinition/></endEvent>`),
      "'errorRef' attribute is mandatory on error end event",
    ],
    [
      'an error without a code thrown',
      process(`${start}<endEvent id="e"><errorEventDefinition errorRef="er"/></endEvent>`, '<error id="er"/>'),
      "'errorCode' is mandatory on errors referenced by throwing error event definitions, but the error 'er' does not define one.",
    ],
    [
      'a service task without implementation',
      around('<serviceTask id="x"/>'),
      "One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory on serviceTask. If you are using a connector, make sure theconnect process engine plugin is registered with the process engine.",
    ],
    [
      'a result variable with a class',
      around('<serviceTask id="x" camunda:class="c" camunda:resultVariable="r"/>'),
      "'resultVariableName' not supported for serviceTask elements using 'class'",
    ],
    [
      'an unknown type',
      around('<serviceTask id="x" camunda:type="mail"/>'),
      "Invalid usage of type attribute on serviceTask: 'mail'",
    ],
    [
      'an external task without topic',
      around('<serviceTask id="x" camunda:type="external"/>'),
      "External tasks must specify a 'topic' attribute in the camunda namespace",
    ],
    [
      'a flow to nowhere',
      process(`${start}<sequenceFlow id="f" sourceRef="s" targetRef="nope"/>`),
      "Invalid destination 'nope' of sequence flow 'f'",
    ],
    [
      'a flow from nowhere',
      process(`${start}<sequenceFlow id="f" sourceRef="nope" targetRef="s"/>`),
      "Invalid source 'nope' of sequence flow 'f'",
    ],
    [
      'a flow without target',
      process(`${start}<sequenceFlow id="f" sourceRef="s"/>`),
      "cvc-complex-type.4: Attribute 'targetRef' must appear on element 'sequenceFlow'.",
    ],
    [
      'a boundary event on nothing',
      process(`${start}<boundaryEvent id="b" attachedToRef="nope"><errorEventDefinition/></boundaryEvent>`),
      'Invalid reference in boundary event. Make sure that the referenced activity is defined in the same scope as the boundary event',
    ],
    [
      'a boundary event without a definition',
      around('<userTask id="x"/><boundaryEvent id="b" attachedToRef="x"/>'),
      'Unsupported boundary event type',
    ],
    [
      'mapping on a gateway',
      around(
        '<parallelGateway id="x"><extensionElements><camunda:inputOutput><camunda:inputParameter name="a">1</camunda:inputParameter></camunda:inputOutput></extensionElements></parallelGateway>',
      ),
      "camunda:inputOutput mapping unsupported for element type 'parallelGateway'.",
    ],
    [
      'an exclusive gateway without exits',
      process(`${start}<exclusiveGateway id="g"/>`),
      "Exclusive Gateway 'g' has no outgoing sequence flows.",
    ],
    [
      'an id used twice',
      around('<userTask id="x"/><userTask id="e"/>'),
      "cvc-id.2: There are multiple occurrences of ID value 'e'.",
    ],
    [
      'an unknown element',
      process(`${start}<foo id="z"/>`),
      "cvc-complex-type.2.4.a: Invalid content was found starting with element 'foo'",
    ],
    [
      'an unknown attribute',
      around('<userTask id="x" colour="red"/>'),
      "cvc-complex-type.3.2.2: Attribute 'colour' is not allowed to appear in element 'userTask'.",
    ],
    [
      'a foreign default flow',
      around('<userTask id="x" default="f1"/>'),
      "The default flow 'f1' of 'x' is not one of its outgoing sequence flows.",
    ],
    [
      'a negative time to live',
      definitions(`<process id="p" isExecutable="true" camunda:historyTimeToLive="-1">${start}</process>`),
      'Cannot parse historyTimeToLive: negative value is not allowed',
    ],
    [
      'a time to live that is no int',
      definitions(`<process id="p" isExecutable="true" camunda:historyTimeToLive="P2147483648D">${start}</process>`),
      "Cannot parse historyTimeToLive: 'P2147483648D' is neither a number of days nor P<n>D, up to 2147483647",
    ],
    [
      'an empty correlation',
      around('<receiveTask id="x"><extensionElements><rowhouse:correlation/></extensionElements></receiveTask>'),
      'rowhouse:correlation needs a \'key\', such as key="${JOB.id}".',
    ],
  ])('%s', async (_title, xml, message) => {
    const refusal = await refusalOf(xml)
    expect(refusal.status).toBe(400)
    expect(refusal.errors.map((error) => error.message)).toEqual([expect.stringContaining(message)])
    expect(refusal.message).toContain(`ENGINE-09005 Could not parse BPMN process. Errors: \n* ${message}`)
  })

  test.each([
    [
      'a bad cycle on a start timer',
      timerStart('<timeCycle>bad</timeCycle>'),
      "ENGINE-09026 Exception while parsing cycle expression 'bad'",
    ],
    [
      'a bad date on a start timer',
      timerStart('<timeDate>nonsense</timeDate>'),
      'ENGINE-09027 Exception while resolving duedate \'nonsense\': Invalid format: "nonsense"',
    ],
    [
      'an expression that is none',
      around('<serviceTask id="x" camunda:expression="${a +}"/>'),
      "ENGINE-01009 Error while parsing process. Error parsing '${a +}': syntax error at position 5, encountered '}'",
    ],
    [
      'a process without id',
      definitions(`<process isExecutable="true">${start}</process>`),
      'ENGINE-01009 Error while parsing process. The process element has no id.',
    ],
    [
      'no XML',
      'this is not XML',
      "ENGINE-09003 Could not parse 'p.bpmn'. The file is not BPMN 2.0 XML: missing start tag. Save it from a modeler as BPMN 2.0. | line 1 | column 1",
    ],
    ['nothing', '', "ENGINE-09003 Could not parse 'p.bpmn'."],
    [
      'an unclosed element',
      process(start).replace('</process>', ''),
      "ENGINE-09003 Could not parse 'p.bpmn'. The file is not BPMN 2.0 XML: closing tag mismatch. | line ",
    ],
    ['other XML', '<html/>', "ENGINE-09003 Could not parse 'p.bpmn'. The file is not BPMN 2.0 XML"],
  ])('%s is answered with status 500, as there', async (_title, xml, message) => {
    const refusal = await refusalOf(xml)
    expect(refusal.status).toBe(500)
    expect(refusal.message).toContain(message)
  })

  test('the place of a broken expression is the element that holds it', async () => {
    const refusal = await refusalOf(around('<serviceTask id="x"\n camunda:expression="${a +}"/>'))
    expect(refusal.errors).toMatchObject([{ mainElementId: 'x', elementIds: ['x'], line: 5, column: 1 }])
  })

  test('several mistakes are told together', async () => {
    const refusal = await refusalOf(
      process(
        `${start}<userTask id="a" colour="red"/><subProcess id="b"/><serviceTask id="c" camunda:expression="\${"/>`,
      ),
    )
    expect(refusal.status).toBe(400)
    expect(refusal.errors.map((error) => error.mainElementId)).toEqual(['a', 'b', 'c'])
  })
})
