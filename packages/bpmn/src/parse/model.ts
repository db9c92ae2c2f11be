/** Reading bpmn-moddle's elements: attributes, children and extension elements, typed. */

export interface ModelElement {
  readonly $type: string
  /** Attributes the schema does not know. */
  readonly $attrs: { readonly [name: string]: unknown }
  readonly id?: string
  readonly $parent?: ModelElement
  get(name: string): unknown
}

export function isElement(value: unknown): value is ModelElement {
  return typeof value === 'object' && value !== null && '$type' in value
}

/** The tag, without its prefix: `serviceTask`. */
export function tagOf(element: ModelElement): string {
  const local = element.$type.slice(element.$type.indexOf(':') + 1)
  return local.charAt(0).toLowerCase() + local.slice(1)
}

/** An attribute or the text of a child element; undefined when it is not there. */
export function textOf(element: ModelElement, name: string): string | undefined {
  const value = element.get(name)
  return typeof value === 'string' ? value : undefined
}

export function flagOf(element: ModelElement, name: string, otherwise: boolean): boolean {
  const value = element.get(name)
  return typeof value === 'boolean' ? value : otherwise
}

export function childOf(element: ModelElement, name: string): ModelElement | undefined {
  const value = element.get(name)
  return isElement(value) ? value : undefined
}

export function childrenOf(element: ModelElement, name: string): ModelElement[] {
  const value = element.get(name)
  return Array.isArray(value) ? value.filter(isElement) : []
}

/** Extension elements of a type, such as `camunda:Field`. */
export function extensionsOf(element: ModelElement, type: string): ModelElement[] {
  const holder = childOf(element, 'extensionElements')
  return holder === undefined ? [] : childrenOf(holder, 'values').filter((value) => value.$type === type)
}

export function extensionTypesOf(element: ModelElement): string[] {
  const holder = childOf(element, 'extensionElements')
  return holder === undefined ? [] : childrenOf(holder, 'values').map((value) => value.$type)
}

export function documentationOf(element: ModelElement): string | null {
  const texts = childrenOf(element, 'documentation').map((entry) => (textOf(entry, 'text') ?? '').trim())
  return texts.length === 0 ? null : texts.join('\n\n')
}

/** Its own id, or that of the nearest element around it which has one. */
export function nearestId(element: ModelElement | undefined): string | undefined {
  let at = element
  while (at !== undefined && at.id === undefined) at = at.$parent
  return at?.id
}
