/**
 * Where outputs go by slot. Slot 1 is the job's output, the job's further outputs are slots 3, 5 … A model names another slot by
 * `{ $slot: 3, value }`. A list could not say it: `[3, value]` is a value like any other.
 */
import type { HarnessPlan } from '../harness-protocol.ts'
import { makeSchemaCheck } from './check-schema.ts'
import type { Place } from './failure.ts'
import { Output } from './open-output.ts'
import { type Report, writeAllSync } from './report.ts'

const stderr = 2

interface Slotted {
  $slot: number
  value: unknown
}

export class Sinks {
  readonly #bySlot: ReadonlyMap<number, Output>
  /** null: the job has no outputs (train). */
  readonly #main: Output | null
  readonly #dropped = new Map<number, number>()

  constructor(bySlot: ReadonlyMap<number, Output>) {
    this.#bySlot = bySlot
    this.#main = bySlot.get(1) ?? null
  }

  get written(): number {
    let sum = 0
    for (const output of this.#bySlot.values()) sum += output.written
    return sum
  }

  emit(value: unknown): void {
    if (isSlotted(value)) this.#emitTo(value.$slot, value.value)
    else this.#main?.emit(value)
  }

  /** The items of a list are the outputs where its slot is a recordset. */
  emitRows(value: unknown, isRecordset: (slot: number) => boolean): void {
    const { $slot, value: rows } = isSlotted(value) ? value : { $slot: 1, value }
    if (isRecordset($slot) && Array.isArray(rows)) for (const row of rows) this.#emitTo($slot, row)
    else this.#emitTo($slot, rows)
  }

  /** A rejected output is placed by the record being scored. */
  follow(place: () => Place): void {
    for (const output of this.#bySlot.values()) output.place = place
  }

  flush(): void {
    for (const output of this.#bySlot.values()) output.flush()
  }

  close(): void {
    for (const output of this.#bySlot.values()) output.close()
    for (const [slot, count] of this.#dropped)
      say(`${count} output(s) for slot ${slot} were dropped: the job has no output for this slot`)
    this.#dropped.clear()
  }

  #emitTo(slot: number, value: unknown): void {
    const output = this.#bySlot.get(slot)
    if (output !== undefined) output.emit(value)
    else if (slot > 0 && slot % 2 === 1) this.#dropped.set(slot, (this.#dropped.get(slot) ?? 0) + 1)
    else this.#main?.refuse(`slot ${slot} takes no outputs: output slots are 1, 3, 5 …`, value)
  }
}

export function openSinks(plan: HarnessPlan, report: Report): Sinks {
  const bySlot = new Map<number, Output>()
  if (plan.output !== null) {
    const check = plan.checkOutputSchema ? makeSchemaCheck(plan.outputSchema) : null
    bySlot.set(1, new Output(plan.output, report, check))
  }
  for (const further of plan.furtherOutputs ?? []) bySlot.set(further.slot, new Output(further, report, null))
  return new Sinks(bySlot)
}

function isSlotted(value: unknown): value is Slotted {
  if (typeof value !== 'object' || value === null || !('$slot' in value) || !('value' in value)) return false
  return Number.isInteger(value.$slot) && Object.keys(value).length === 2
}

/** On the model's console, whatever the model made of its own. */
function say(line: string): void {
  try {
    writeAllSync(stderr, Buffer.from(`${line}\n`))
  } catch {
    // Nobody listens.
  }
}
