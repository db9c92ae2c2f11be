/**
 * Parsed diagrams by definition id. A definition never changes, so an entry is only ever thrown out for room; parsing a second
 * time gives the same graph.
 */
import { type ProcessGraph, parseBpmn } from '@rowhouse/bpmn'
import { Bug } from '@rowhouse/contract'
import { sql } from 'kysely'
import { camundaProblem } from '../camunda-problems.ts'
import type { Tx } from '../transaction.ts'
import { xmlText } from './xml-text.ts'

export interface GraphCache {
  get(tx: Tx, definitionId: string): Promise<ProcessGraph>
  put(definitionId: string, graph: ProcessGraph): void
}

const graphsMax = 500

export function makeGraphCache(): GraphCache {
  const graphs = new Map<string, ProcessGraph>()

  function put(definitionId: string, graph: ProcessGraph): void {
    graphs.delete(definitionId)
    graphs.set(definitionId, graph)
    if (graphs.size <= graphsMax) return
    for (const oldest of graphs.keys()) {
      graphs.delete(oldest)
      return
    }
  }

  return {
    put,
    async get(tx, definitionId) {
      const known = graphs.get(definitionId)
      if (known !== undefined) return known
      const { rows } = await sql<{ key: string; content: Buffer }>`
        select d.key, r.content from mlc.process_definition d
        join mlc.resource r on r.deployment_id = d.deployment_id and r.name = d.resource_name
        where d.id = ${definitionId}`.execute(tx)
      const row = rows[0]
      if (row === undefined)
        throw new Bug(`the process definition ${definitionId} is gone while an instance of it is driven`)
      const parsed = await parseBpmn(xmlText(row.content), { isStored: true })
      if (!parsed.ok) {
        const message = `The stored diagram of ${definitionId} cannot be read any more: ${parsed.message}`
        throw camundaProblem(500, 'ProcessEngineException', message)
      }
      const graph = parsed.graphs.find((candidate) => candidate.key === row.key)
      if (graph === undefined) throw new Bug(`the stored diagram of ${definitionId} has no process '${row.key}'`)
      put(definitionId, graph)
      return graph
    },
  }
}
