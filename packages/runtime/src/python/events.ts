/** A line of the event channel. What is no event is told as such: only a model that writes to the channel itself can cause it. */
import type { HarnessEvent } from '../harness-protocol.ts'

const names = new Set<string>(['started', 'init-succeeded', 'progress', 'rejected', 'finished', 'failed'])
const textMax = 500

export function parseEvent(line: string): HarnessEvent {
  try {
    const value: unknown = JSON.parse(line)
    if (isEvent(value)) return value
  } catch {
    // Told below.
  }
  return { event: 'rubbish', text: line.slice(0, textMax) }
}

function isEvent(value: unknown): value is HarnessEvent {
  if (typeof value !== 'object' || value === null || !('event' in value)) return false
  return typeof value.event === 'string' && names.has(value.event)
}
