/** BPMN XML → process graphs, or all that is wrong with it, in Camunda's words and with element ids. */
import type { ParseOptions, ParseResult, ProcessGraph } from './graph.ts'
import { readDocument } from './parse/moddle.ts'
import { textOf } from './parse/model.ts'
import { executableProcesses, readProcess } from './parse/process.ts'
import { startReading } from './parse/reading.ts'

export async function parseBpmn(xml: string, options: ParseOptions = {}): Promise<ParseResult> {
  const document = await readDocument(xml, options)
  if ('ok' in document) return document
  const reading = startReading(document)
  const category = textOf(document.definitions, 'targetNamespace') ?? null
  const graphs: ProcessGraph[] = []
  for (const process of executableProcesses(document.definitions, reading)) {
    const graph = readProcess(process, category, reading)
    if (graph !== null) graphs.push(graph)
  }
  return reading.problems.result(graphs)
}
