/**
 * Prints the state diagrams of ARCHITECTURE.md from the code; with --write it puts them between their markers there.
 *
 *   node --conditions=source scripts/print-states.ts [--write]
 *
 * Jobs: from their transition table. Process instances: the engine has no such table, it has a pure step function; so each event is tried in each
 * state that can be reached, and what comes of it is drawn.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  type Aggregate,
  type InstanceState,
  type ProcessGraph,
  parseBpmn,
  type StepEnv,
  type StepEvent,
  startInstance,
  step,
} from '@rowhouse/bpmn'
import { type JobTransition, jobTransitions } from '@rowhouse/model-manage'

const architecture = join(resolve(import.meta.dirname, '..'), 'ARCHITECTURE.md')

interface Arrow {
  from: string
  to: string
  event: string
}

/** Marked blocks by name. */
export async function printBlocks(): Promise<Map<string, string>> {
  return new Map([
    ['job', `${drawStates('CREATED', 'job.created', jobArrows())}\n\n${jobTable()}`],
    ['process-instance', drawStates('ACTIVE', 'started', await instanceArrows())],
  ])
}

/** The document with each marked block replaced. */
export function replaceBlocks(document: string, blocks: ReadonlyMap<string, string>): string {
  let replaced = document
  for (const [name, content] of blocks) {
    const [opening, closing] = [`<!-- states:${name} -->`, `<!-- /states:${name} -->`]
    const [start, end] = [replaced.indexOf(opening), replaced.indexOf(closing)]
    if (start === -1 || end < start) throw new Error(`ARCHITECTURE.md has no block ${opening} … ${closing}`)
    replaced = `${replaced.slice(0, start + opening.length)}\n\n${content}\n\n${replaced.slice(end)}`
  }
  return replaced
}

function jobArrows(): Arrow[] {
  return jobTransitions.flatMap(({ from, to, event }) => from.map((state) => ({ from: state, to, event })))
}

function jobTable(): string {
  const rows = jobTransitions.map(
    ({ event, from, to, says }: JobTransition) => `| \`${event}\` | ${from.join(', ')} | ${to} | ${says} |`,
  )
  return ['| event | from | to | what it means |', '|---|---|---|---|', ...rows].join('\n')
}

/** Arrows between the same two states share one line; a state that no arrow leaves is an end. */
function drawStates(first: string, firstEvent: string, arrows: readonly Arrow[]): string {
  const labels = new Map<string, string[]>()
  for (const { from, to, event } of arrows) {
    const path = `${from} --> ${to}`
    labels.set(path, [...(labels.get(path) ?? []), event])
  }
  const states = new Set([first, ...arrows.flatMap(({ from, to }) => [from, to])])
  const ends = [...states].filter((state) => !arrows.some(({ from }) => from === state))
  const lines = [
    `[*] --> ${first}: ${firstEvent}`,
    ...[...labels].map(([path, events]) => `${path}: ${events.join(', ')}`),
    ...ends.map((state) => `${state} --> [*]`),
  ]
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `    ${line}`), '```'].join('\n')
}

/** One task in the way, so that an instance waits; `last` is the event it ends with. */
const diagram = (last: string) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="states">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="task" />
    <bpmn:userTask id="task" />
    <bpmn:sequenceFlow id="b" sourceRef="task" targetRef="end" />
    <bpmn:endEvent id="end">${last}</bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>`

const trials: { name: string; last: string; event: (at: Aggregate) => StepEvent }[] = [
  { name: 'the last token ends', last: '', event: completeTask },
  { name: 'terminate end event', last: '<bpmn:terminateEventDefinition id="t" />', event: completeTask },
  { name: 'suspended', last: '', event: () => ({ type: 'suspended', suspended: true }) },
  { name: 'activated', last: '', event: () => ({ type: 'suspended', suspended: false }) },
  { name: 'deleted by a caller', last: '', event: () => ({ type: 'deleted', reason: null }) },
]

function completeTask({ userTasks }: Aggregate): StepEvent {
  return { type: 'task-completed', taskId: userTasks[0]?.id ?? '', variables: {} }
}

async function instanceArrows(): Promise<Arrow[]> {
  const arrows: Arrow[] = []
  const reached: InstanceState[] = ['ACTIVE']
  for (const from of reached) {
    for (const { name, last, event } of trials) {
      const to = await tryIn(from, last, event)
      if (to === null || to === from) continue
      arrows.push({ from, to, event: name })
      if (!reached.includes(to)) reached.push(to)
    }
  }
  return arrows
}

/** The state after the event; null: an instance in this state does not take it. */
async function tryIn(
  from: InstanceState,
  last: string,
  event: (at: Aggregate) => StepEvent,
): Promise<InstanceState | null> {
  if (from !== 'ACTIVE' && from !== 'SUSPENDED') return null
  const graph = await graphOf(diagram(last))
  const env = countingEnv()
  const request = { instanceId: 'i', definitionId: 'p:1:1', businessKey: null, tenantId: null, startUserId: null }
  const started = startInstance(graph, { ...request, variables: {}, commitAtStart: false }, env).aggregate
  const before =
    from === 'SUSPENDED' ? step(graph, started, { type: 'suspended', suspended: true }, env).aggregate : started
  try {
    return step(graph, before, event(before), env).aggregate.instance.state
  } catch {
    return null
  }
}

async function graphOf(xml: string): Promise<ProcessGraph> {
  const parsed = await parseBpmn(xml)
  const graph = parsed.ok ? parsed.graphs[0] : undefined
  if (graph === undefined) throw new Error('the diagram of the states does not parse')
  return graph
}

function countingEnv(): StepEnv {
  let count = 0
  return { now: new Date(0), newId: () => `${++count}`, activitiesMax: 100 }
}

if (process.argv[1] === import.meta.filename) {
  const blocks = await printBlocks()
  if (process.argv.includes('--write')) {
    writeFileSync(architecture, replaceBlocks(readFileSync(architecture, 'utf8'), blocks))
  } else for (const [name, content] of blocks) process.stdout.write(`${name}\n\n${content}\n\n`)
}
