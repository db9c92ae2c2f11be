import { describe, expect, it } from 'vitest'
import { jobMessage, storableLine, withGapsTold } from './job-message.ts'

describe('job messages', () => {
  it('carry the time without padding of month, day and hour', () => {
    const at = new Date('2022-03-03T06:52:01.999Z')
    expect(jobMessage(at, 'fully loaded', 'info')).toBe('2022/3/3 6:52:01 [info] fully loaded')
    expect(jobMessage(at, 'batch job complete')).toBe('2022/3/3 6:52:01 batch job complete')
  })

  it('tell how many lines were left out, in the middle and at the end', () => {
    const rows = [
      { n: 1, text: 'a' },
      { n: 2, text: 'b' },
      { n: 7, text: 'traceback' },
    ]
    const told = withGapsTold(rows, 8)
    expect(told[2]).toMatch(/^… 4 lines left out/)
    expect(told[4]).toMatch(/^… 1 line left out/)
    expect(withGapsTold(rows.slice(0, 2), 2)).toEqual(['a', 'b'])
  })

  it('are made storable: no NUL, no lone surrogate, no endless line', () => {
    expect(storableLine('a\u0000b')).toBe('a\ufffdb')
    expect(storableLine('\ud800')).toBe('\ufffd')
    expect(storableLine('x'.repeat(10_000))).toMatch(/\(1808 more characters\)$/)
  })
})
