/** What this engine does not run yet: refused at deployment, each with what to use instead. */
import { childOf, extensionsOf, extensionTypesOf, flagOf, isElement, type ModelElement, tagOf } from './model.ts'
import type { Problems } from './problems.ts'

const refusedElements = new Map([
  ['subProcess', ['a sub-process', 'put its activities into the process itself']],
  ['adHocSubProcess', ['an ad-hoc sub-process', 'put its activities into the process itself']],
  ['transaction', ['a transaction sub-process', 'put its activities into the process itself']],
  ['callActivity', ['a call activity', 'start the other process by a signal or a message']],
  ['scriptTask', ['a script task', 'use a service task with camunda:expression, or an external task']],
  ['businessRuleTask', ['a business rule task', 'use an exclusive gateway with conditions, or an external task']],
  ['inclusiveGateway', ['an inclusive gateway', 'use exclusive and parallel gateways']],
  ['eventBasedGateway', ['an event-based gateway', 'use a receive task or user task with boundary events']],
  ['complexGateway', ['a complex gateway', 'use exclusive and parallel gateways']],
])

const refusedEvents = new Map([
  [
    'bpmn:ConditionalEventDefinition',
    ['a conditional event', 'use a signal or a message that says the condition may hold now'],
  ],
  ['bpmn:EscalationEventDefinition', ['an escalation event', 'use an error event']],
  ['bpmn:CompensateEventDefinition', ['a compensation event', 'model the way back as ordinary activities']],
  ['bpmn:CancelEventDefinition', ['a cancel event', 'use an error event']],
  ['bpmn:LinkEventDefinition', ['a link event', 'draw the sequence flow']],
])

export function refuse(what: string, instead: string, element: ModelElement, problems: Problems): void {
  const { id } = element
  const name = id === undefined ? `A ${tagOf(element)} without an id` : `Element '${id}'`
  problems.refusal(`${name} is or has ${what}, which is not supported; ${instead}.`, element)
}

/** True when the element cannot be run at all; the caller leaves it out. */
export function isRefusedElement(element: ModelElement, problems: Problems): boolean {
  const refused = refusedElements.get(tagOf(element))
  const [what, instead] = refused ?? []
  if (what === undefined || instead === undefined) return false
  refuse(what, instead, element, problems)
  return true
}

export function isRefusedEvent(definition: ModelElement, owner: ModelElement, problems: Problems): boolean {
  const [what, instead] = refusedEvents.get(definition.$type) ?? []
  if (what === undefined || instead === undefined) return false
  refuse(what, instead, owner, problems)
  return true
}

/** Camunda 8 draws the same shapes and means other things by them: FEEL, job types, input of its own. */
export function refuseZeebe(process: ModelElement, problems: Problems): void {
  const platform = process.$parent?.$attrs['modeler:executionPlatform']
  if (platform !== 'Camunda Cloud') return
  refuse('a diagram for Camunda 8 (Camunda Cloud)', 'model it for Camunda 7 (Camunda Platform)', process, problems)
}

export function isForZeebe(element: ModelElement): boolean {
  return extensionTypesOf(element).some((type) => type.startsWith('zeebe:'))
}

/** Things on an otherwise supported element. */
export function refuseAttachments(element: ModelElement, problems: Problems): void {
  const loop = childOf(element, 'loopCharacteristics')
  if (loop?.$type === 'bpmn:MultiInstanceLoopCharacteristics') {
    refuse('multi-instance', 'start one instance per item, by a signal or a message', element, problems)
  } else if (isElement(loop)) {
    problems.warning('standardLoopCharacteristics is ignored: the activity is run once, as in Camunda.', element)
  }
  if (flagOf(element, 'isForCompensation', false)) {
    refuse('compensation', 'model the way back as ordinary activities', element, problems)
  }
  if (isForZeebe(element)) {
    refuse('an extension of Camunda 8 (zeebe:)', 'use the camunda: extensions of Camunda 7', element, problems)
  }
  refuseListeners(element, problems)
  if (extensionsOf(element, 'camunda:Connector').length > 0) {
    refuse('a connector', 'use an external task', element, problems)
  }
  if (extensionsOf(element, 'camunda:ErrorEventDefinition').length > 0) {
    refuse('camunda:errorEventDefinition', 'let the worker report a BPMN error', element, problems)
  }
  if (extensionsOf(element, 'camunda:FormData').length > 0) {
    problems.warning('camunda:formData is ignored; any variables may be given when the form is submitted.', element)
  }
}

export function refuseListeners(element: ModelElement, problems: Problems): void {
  if (extensionsOf(element, 'camunda:ExecutionListener').length > 0) {
    refuse('an execution listener', 'put a service task before or after it', element, problems)
  }
  if (extensionsOf(element, 'camunda:TaskListener').length > 0) {
    refuse('a task listener', 'put a service task before or after it', element, problems)
  }
}
