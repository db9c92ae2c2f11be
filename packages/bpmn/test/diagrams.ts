/** Small diagrams as text, and what becomes of them. */
import { type FlowNode, type ParseResult, type ProcessGraph, parseBpmn } from '../src/index.ts'

const namespaces =
  'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" ' +
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:rowhouse="http://rowhouse.dev/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
export const definitions = (content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<definitions ${namespaces} id="d" targetNamespace="urn:test">\n${content}\n</definitions>`
export const process = (content: string, root = '') =>
  definitions(`${root}<process id="p" isExecutable="true">\n${content}\n</process>`)
export const start = '<startEvent id="s"/>'
/** s → x → e, with `element` in the middle. */
export const around = (element: string, root = '') =>
  process(
    `${start}\n${element}\n<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="x"/><sequenceFlow id="f2" sourceRef="x" targetRef="e"/>`,
    root,
  )

export async function graphOf(xml: string): Promise<ProcessGraph> {
  const result = await parseBpmn(xml, { resource: 'p.bpmn' })
  if (!result.ok) throw new Error(result.message)
  const [graph] = result.graphs
  if (graph === undefined) throw new Error('no graph')
  return graph
}
export async function nodeOf<Kind extends FlowNode['kind']>(xml: string, id: string, kind: Kind) {
  const node = (await graphOf(xml)).nodes.get(id)
  if (node?.kind !== kind) throw new Error(`${id} is ${node?.kind}`)
  return node as FlowNode & { kind: Kind }
}
export async function refusalOf(xml: string): Promise<ParseResult & { ok: false }> {
  const result = await parseBpmn(xml, { resource: 'p.bpmn' })
  if (result.ok) throw new Error('it parses')
  return result
}
export const messagesOf = async (xml: string) => (await refusalOf(xml)).errors.map((error) => error.message)
export const warningsOf = async (xml: string) => (await parseBpmn(xml)).warnings.map((warning) => warning.message)
