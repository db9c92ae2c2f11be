import { describe, expect, it } from 'vitest'
import { formatTime, makeConsole } from './console.ts'

const now = () => new Date('2022-03-03T06:52:11Z')

describe('job messages', () => {
  it('have the time without zero padding of month, day and hour', () => {
    expect(formatTime(new Date('2022-03-03T06:05:01Z'))).toBe('2022/3/3 6:05:01')
    expect(formatTime(new Date('2026-11-22T23:59:59Z'))).toBe('2026/11/22 23:59:59')
  })

  it('carry a level, but for the first and the last', () => {
    const console = makeConsole(now)
    console.sayBare('batch job received')
    console.say('init succeeded')
    console.model('hello')
    console.model('pip', '(pre)')
    expect(console.take()).toEqual([
      '2022/3/3 6:52:11 batch job received',
      '2022/3/3 6:52:11 [info] init succeeded',
      '2022/3/3 6:52:11 [info] MODEL-CONSOLE: hello',
      '2022/3/3 6:52:11 [info] (pre) MODEL-CONSOLE: pip',
    ])
    expect(console.take()).toEqual([])
  })

  it('are given back in order when they could not be sent', () => {
    const console = makeConsole(now)
    console.say('one')
    const unsent = console.take()
    console.say('two')
    console.putBack(unsent)
    expect(console.take().map((line) => line.slice(-3))).toEqual(['one', 'two'])
  })
})

describe('a model that floods its console', () => {
  const limits = { lines: 3, characters: 100, lineCharacters: 20 }

  it('keeps its first lines and a count of the others', () => {
    const console = makeConsole(now, limits)
    for (let i = 1; i <= 10; i++) console.model(`line ${i}`)
    console.closeFlood()
    const texts = console.take().map((line) => line.replace(/^.*MODEL-CONSOLE: /, ''))
    expect(texts.slice(0, 3)).toEqual(['line 1', 'line 2', 'line 3'])
    expect(texts).toHaveLength(5)
    expect(texts[4]).toBe('… 7 more lines were not kept')
  })

  it('still shows its traceback', () => {
    const console = makeConsole(now, limits)
    for (let i = 1; i <= 10; i++) console.model(`line ${i}`)
    console.traceback('KeyError')
    expect(console.take().at(-1)).toBe('2022/3/3 6:52:11 [error] MODEL-CONSOLE: KeyError')
  })

  it('has its long lines cut, and all lines together', () => {
    const console = makeConsole(now, { ...limits, lines: 1000 })
    console.model('x'.repeat(50))
    expect(console.take()[0]).toContain(`${'x'.repeat(20)}… (30 more characters)`)
    for (let i = 0; i < 100; i++) console.model('0123456789')
    expect(console.take().length).toBeLessThan(10)
  })
})
