import { lastMoment } from '@rowhouse/bpmn'

/** Camunda's date text: `2013-01-23T13:42:42.657+0200`. Always written in UTC. */
export function toCamundaDate(date: Date): string {
  return date.toISOString().replace('Z', '+0000')
}

export function toCamundaDateOrNull(date: Date | null | undefined): string | null {
  return date === null || date === undefined ? null : toCamundaDate(date)
}

const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)$/

/** Reads Camunda's form and the ISO forms with `Z` or `+02:00`; undefined when it is none of them. */
export function parseCamundaDate(text: string): Date | undefined {
  if (!pattern.test(text)) return undefined
  const date = new Date(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Some say "for ever" by the largest number there is: that is the end of the calendar. */
export function momentAfter(now: Date, ms: number): Date {
  const moment = new Date(now.getTime() + ms)
  return moment <= lastMoment ? moment : lastMoment
}
