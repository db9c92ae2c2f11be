/** What a built-in delegate gets and gives. Variables are upper-case by the product's convention; inputs win over variables. */
import type { DelegateCall, InstanceRow, Json, TypedValue } from '@rowhouse/bpmn'
import { type Client, InputError } from '@rowhouse/contract'

export interface DelegateTask {
  call: DelegateCall
  instance: InstanceRow
  /** Name of the diagram, for the records of other wings. */
  definitionName: string | null
  client: Client
  signal: AbortSignal
}

/** Output variables by name. */
export type Outputs = Record<string, Json>

export interface Delegate {
  /** As in `camunda:class`, its last part; the bean's name is the same with a small first letter. */
  name: string
  /** It changes nothing anywhere: its call may be repeated, and its answer thrown away. */
  onlyReads?: true
  run(task: DelegateTask): Promise<Outputs>
}

export function findInput(task: DelegateTask, ...names: string[]): Json | undefined {
  for (const name of names) {
    const typed: TypedValue | undefined = task.call.inputs[name] ?? task.call.variables[name]
    if (typed !== undefined && typed.value !== null && typed.value !== '') return typed.value
  }
  return undefined
}

/** A text that must be there: `meaning` says in the reader's words what it is for. */
export function getText(task: DelegateTask, name: string, meaning: string): string {
  const value = findInput(task, name)
  if (value === undefined) throw missing(task, name, meaning)
  if (typeof value === 'object') {
    throw new InputError(
      'InvalidField',
      `${where(task)}: the variable ${name} (${meaning}) must be a text, it is a document`,
    )
  }
  return String(value)
}

export function findText(task: DelegateTask, ...names: string[]): string | undefined {
  const value = findInput(task, ...names)
  return value === undefined || typeof value === 'object' ? undefined : String(value)
}

/** A document (JSON object) with an id. */
export function findDocument(task: DelegateTask, name: string): { id: string; [member: string]: Json } | undefined {
  const value = findInput(task, name)
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value) || typeof value.id !== 'string') {
    throw new InputError('InvalidField', `${where(task)}: the variable ${name} must be a document with an id`)
  }
  return value as { id: string; [member: string]: Json }
}

export function missing(task: DelegateTask, name: string, meaning: string): InputError {
  return new InputError(
    'MissingVariable',
    `${where(task)}: the variable ${name} (${meaning}) is missing; send it with the signal or give it as an input parameter`,
    { variable: name, activityId: task.call.activityId },
  )
}

export function where(task: DelegateTask): string {
  return `${task.call.delegate.split('.').at(-1)} at '${task.call.activityId}'`
}

const contentMembers: ReadonlySet<string> = new Set(['fileContent', 'fileContentString', 'sourceCode'])

/** A document as a variable: without the contents of its assets, and without what JSON does not know. */
export function withoutContents(document: unknown): Json {
  if (Array.isArray(document)) return document.map(withoutContents)
  if (typeof document !== 'object' || document === null) return (document ?? null) as Json
  const kept: Record<string, Json> = {}
  for (const [name, value] of Object.entries(document)) {
    if (!contentMembers.has(name) && value !== undefined) kept[name] = withoutContents(value)
  }
  return kept
}
