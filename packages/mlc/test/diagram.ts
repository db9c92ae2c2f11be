/** Small diagrams for tests: elements and flows in one line each. */
export function diagram(key: string, body: string, root = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:rowhouse="http://rowhouse.dev/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:test">
<bpmn:process id="${key}" name="${key}" isExecutable="true" camunda:historyTimeToLive="1">${body}</bpmn:process>${root}</bpmn:definitions>`
}

export function flow(from: string, to: string): string {
  return `<bpmn:sequenceFlow id="${from}_${to}" sourceRef="${from}" targetRef="${to}"/>`
}

export function chain(...ids: string[]): string {
  return ids
    .slice(1)
    .map((id, i) => flow(ids[i] ?? '', id))
    .join('')
}

/** Starts on the signal, then `steps`, then ends. */
export function onSignal(key: string, signal: string, steps: { id: string; xml: string }[]): string {
  const start = '<bpmn:startEvent id="s"><bpmn:signalEventDefinition signalRef="sig"/></bpmn:startEvent>'
  const ids = ['s', ...steps.map((step) => step.id), 'e']
  const body = `${start}${steps.map((step) => step.xml).join('')}<bpmn:endEvent id="e"/>${chain(...ids)}`
  return diagram(key, body, `<bpmn:signal id="sig" name="${signal}"/>`)
}

export const userTask = (id: string) => ({ id, xml: `<bpmn:userTask id="${id}" name="${id}"/>` })
export const expressionTask = (id: string, expression: string) => ({
  id,
  xml: `<bpmn:serviceTask id="${id}" camunda:expression="${expression}"/>`,
})
export const delegateTask = (id: string, delegate: string) => ({
  id,
  xml: `<bpmn:serviceTask id="${id}" camunda:class="com.modelop.mlc.delegate.modelop.${delegate}"/>`,
})
export const externalTask = (id: string, topic: string) => ({
  id,
  xml: `<bpmn:serviceTask id="${id}" camunda:type="external" camunda:topic="${topic}"/>`,
})
