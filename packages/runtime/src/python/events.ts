/** A line of the event channel. What is no event is told as such: only a model that writes to the channel itself can cause it. */
import type { HarnessEvent } from '../harness-protocol.ts'

const names = new Set<string>(['started', 'init-succeeded', 'progress', 'rejected', 'finished', 'failed'])
const textMax = 500

export function parseEvent(line: string): HarnessEvent {
  const value = parseJson(line)
  return isEvent(value) ? value : { event: 'rubbish', text: line.slice(0, textMax) }
}

/** Between the harness and its launcher only: the libraries that a warm parent may import before the next job. */
export function parseImported(line: string): string[] | null {
  if (!line.includes('"imported"')) return null
  const value = parseJson(line)
  if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'imported') return null
  return 'modules' in value && Array.isArray(value.modules) ? value.modules.map(String) : []
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isEvent(value: unknown): value is HarnessEvent {
  if (typeof value !== 'object' || value === null || !('event' in value)) return false
  return typeof value.event === 'string' && names.has(value.event)
}
