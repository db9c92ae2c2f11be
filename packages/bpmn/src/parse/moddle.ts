/** BPMN XML through bpmn-moddle, with Camunda's extensions and one of ours; what the schema finds wrong becomes problems. */
import { BpmnModdle } from 'bpmn-moddle'
import camunda from 'camunda-bpmn-moddle/resources/camunda.json' with { type: 'json' }
import type { ParseOptions, ParseResult } from '../graph.ts'
import { isElement, type ModelElement, nearestId, tagOf } from './model.ts'
import { Positions } from './positions.ts'
import { Problems, unreadable } from './problems.ts'

/** `<rowhouse:correlation key="${JOB.id}"/>`: the text that a message must carry to reach this very event. */
const rowhouse = {
  name: 'Rowhouse',
  prefix: 'rowhouse',
  uri: 'http://rowhouse.dev/schema/1.0/bpmn',
  xml: { tagAlias: 'lowerCase' },
  types: [
    {
      name: 'Correlation',
      superClass: ['Element'],
      properties: [{ name: 'key', isAttr: true, type: 'String' }],
    },
  ],
}

/** Files of the engine Camunda grew from, and of the one that grew from Camunda, carry the same extensions under other names. */
const sameExtensions =
  /(xmlns(?::[\w.-]+)?\s*=\s*)(["'])http:\/\/(?:activiti\.org\/bpmn|operaton\.org\/schema\/1\.0\/bpmn)\2/g

/** Elements we give a meaning to: an attribute that BPMN does not know is an error on them, elsewhere a warning. */
const strictTypes = /^bpmn:(Process|SequenceFlow|\w+Event|\w*Task|\w+Gateway|SubProcess|CallActivity)$/

export interface Document {
  definitions: ModelElement
  /** The id a reference attribute names, whether or not there is such an element. */
  refOf(element: ModelElement, property: string): string | undefined
  problems: Problems
}

export async function readDocument(xml: string, options: ParseOptions): Promise<Document | ParseResult> {
  const { resource } = options
  const parsed = await new BpmnModdle({ camunda, rowhouse })
    .fromXML(xml.replace(sameExtensions, '$1$2http://camunda.org/schema/1.0/bpmn$2'))
    .catch((error: unknown) => faultOf(error))
  if ('reason' in parsed) return unreadable(parsed.reason, parsed.position, resource)
  if (!isElement(parsed.rootElement)) return unreadable('The root element is not bpmn:definitions.', nowhere, resource)
  const problems = new Problems(new Positions(xml), options)
  const refs = new Map<unknown, Map<string, string>>()
  for (const { element, property, id } of parsed.references) {
    const known = refs.get(element) ?? new Map<string, string>()
    refs.set(element, known.set(property, id))
  }
  for (const warning of parsed.warnings) tellWarning(warning.message, warning.element, problems)
  return {
    definitions: parsed.rootElement,
    refOf: (element, property) => withoutPrefix(refs.get(element)?.get(property)),
    problems,
  }
}

const nowhere = { line: 0, column: 0 }

interface Fault {
  reason: string
  position: { line: number; column: number }
}

/** Not a slip in a diagram but no diagram at all. */
const startlessReasons = /^(missing start tag|failed to parse document as)/

/** moddle-xml: `unparsable content … detected\n\tline: 0\n\tcolumn: 0\n\tnested error: …`. */
function faultOf(error: unknown): Fault {
  const told = error instanceof Error ? error.message : String(error)
  const reason = nestedReason(told)
  const hint = startlessReasons.test(reason) ? ' Save it from a modeler as BPMN 2.0.' : ''
  return { reason: `The file is not BPMN 2.0 XML: ${reason}.${hint}`, position: positionIn(told) }
}

function nestedReason(told: string): string {
  return (/nested error: (.*)/.exec(told)?.[1] ?? told).trim()
}

function positionIn(told: string): { line: number; column: number } {
  const found = /line: (\d+)\s+column: (\d+)/.exec(told)
  return found === null ? nowhere : { line: Number(found[1]) + 1, column: Number(found[2]) + 1 }
}

function tellWarning(told: string, element: unknown, problems: Problems): void {
  const duplicate = /duplicate ID <(.*)>/.exec(told)?.[1]
  if (duplicate !== undefined) {
    problems.errorAt(`cvc-id.2: There are multiple occurrences of ID value '${duplicate}'.`, positionIn(told), [
      duplicate,
    ])
    return
  }
  if (/unparsable content/.test(told)) {
    tellUnparsable(told, problems)
    return
  }
  const owner = isElement(element) ? element : undefined
  const attribute = /unknown attribute <(.*)>/.exec(told)?.[1]
  if (attribute !== undefined && owner !== undefined && !attribute.includes(':')) {
    const message = `cvc-complex-type.3.2.2: Attribute '${attribute}' is not allowed to appear in element '${tagOf(owner)}'.`
    if (strictTypes.test(owner.$type)) problems.error(message, owner)
    else problems.warning(message, owner)
    return
  }
  // References are checked where they are used, so that the message says what the reference is for.
  if (/unresolved reference/.test(told) || (attribute !== undefined && owner?.$type.startsWith('bpmn:') !== true))
    return
  const id = nearestId(owner)
  problems.warning(told, owner, id === undefined ? [] : [id])
}

/** An element of BPMN that does not exist is an error; extension elements nobody knows are ignored, as in Camunda. */
function tellUnparsable(told: string, problems: Problems): void {
  const unknown = /unknown type <([^:>]*):.*>/.exec(told)
  if (unknown !== null && unknown[1] !== 'bpmn') {
    problems.warningAt(`The element is not known and is ignored: ${nestedReason(told)}.`, positionIn(told))
    return
  }
  const tag = /unparsable content <([^\s>]*)/.exec(told)?.[1]
  const what =
    tag === undefined ? 'Invalid content was found' : `Invalid content was found starting with element '${tag}'`
  problems.errorAt(`cvc-complex-type.2.4.a: ${what}: ${nestedReason(told)}.`, positionIn(told))
}

/** References are QNames: `tns:message1`. */
function withoutPrefix(id: string | undefined): string | undefined {
  return id === undefined ? undefined : id.slice(id.indexOf(':') + 1)
}
