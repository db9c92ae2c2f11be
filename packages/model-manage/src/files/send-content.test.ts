import { describe, expect, it } from 'vitest'
import { parseRange } from './send-content.ts'

describe('a Range header', () => {
  it('asks for bytes from, to, or at the end', () => {
    expect(parseRange('bytes=0-3', 10)).toEqual({ start: 0, end: 3 })
    expect(parseRange('bytes=8-', 10)).toEqual({ start: 8, end: 9 })
    expect(parseRange('bytes=-3', 10)).toEqual({ start: 7, end: 9 })
    expect(parseRange('bytes=5-99', 10)).toEqual({ start: 5, end: 9 })
    expect(parseRange('bytes=-99', 10)).toEqual({ start: 0, end: 9 })
  })

  it('that lies beyond the end cannot be satisfied', () => {
    expect(parseRange('bytes=10-', 10)).toBe('unsatisfiable')
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable')
  })

  it('of another kind gives the whole file', () => {
    for (const header of [undefined, 'bytes=1-2,5-6', 'lines=1-2', 'bytes=-', 'bytes=5-2'])
      expect(parseRange(header, 10)).toBeUndefined()
  })
})
