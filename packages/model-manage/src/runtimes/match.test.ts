import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, judge, matchRuntime, noMatchText, type RuntimeWish, rankedMatches } from './match.ts'
import { editDistance, nearestTag } from './near-tag.ts'

const wish = (part: Partial<RuntimeWish> = {}): RuntimeWish => ({
  tags: ['cc-fraud'],
  stage: 'PROD',
  language: 'PYTHON',
  engineType: null,
  engineName: null,
  engineIds: null,
  ...part,
})
const runtime = (name: string, part: Partial<Candidate> = {}): Candidate => ({
  id: `id-${name}`,
  name,
  tags: ['cc-fraud', 'PROD'],
  alive: true,
  engineType: 'MODEL_OP_ENGINE',
  languages: ['PYTHON'],
  endpointCount: 0,
  waiting: 0,
  running: 0,
  slots: 1,
  ...part,
})

const someTag = fc.constantFrom('cc-fraud', 'PROD', 'prod', 'DEV', 'churn', 'Cc-Fraud', 'with blank', "o'neill")
const someRuntime = fc.record({
  id: fc.uuid(),
  name: fc.string({ minLength: 1, maxLength: 8 }),
  tags: fc.uniqueArray(someTag),
  alive: fc.boolean(),
  engineType: fc.constantFrom('MODEL_OP_ENGINE', 'SPARK_RUNTIME'),
  languages: fc.uniqueArray(fc.constantFrom('PYTHON', 'R', 'JAVASCRIPT')),
  endpointCount: fc.nat(2),
  waiting: fc.nat(3),
  running: fc.nat(2),
  slots: fc.integer({ min: 1, max: 2 }),
})
const someFleet = fc.uniqueArray(someRuntime, { selector: (each) => each.name, maxLength: 6 })
const someWish = fc.record({
  tags: fc.uniqueArray(someTag, { maxLength: 2 }),
  stage: fc.option(fc.constantFrom('PROD', 'DEV')),
  language: fc.option(fc.constantFrom('PYTHON', 'R')),
  engineType: fc.constant(null),
  engineName: fc.constant(null),
  engineIds: fc.constant(null),
})

describe('matching a runtime', () => {
  it('prefers an idle one, then the shortest queue, then the oldest name', () => {
    const fleet = [
      runtime('c', { running: 1, waiting: 1 }),
      runtime('b', { running: 1 }),
      runtime('z'),
      runtime('y'),
      runtime('a', { running: 1 }),
    ]
    expect(rankedMatches(wish(), fleet).map((each) => each.name)).toEqual(['y', 'z', 'a', 'b', 'c'])
  })

  it('tells each predicate of each runtime when nobody matches', () => {
    const match = matchRuntime(wish(), [
      runtime('dead', { alive: false }),
      runtime('online', { endpointCount: 2, tags: ['cc-fraud'] }),
      runtime('r-only', { languages: ['R'], tags: [] }),
    ])
    expect(match.found).toBe(false)
    if (match.found) return
    expect(match.data.seen.map((each) => each.predicates.filter((p) => !p.passed).map((p) => p.predicate))).toEqual([
      ['alive'],
      ['stage', 'noEndpoints'],
      ['stage', 'serviceTag', 'language'],
    ])
    expect(match.data.nearest).toBe('dead')
    expect(match.data.mend).toBe('rowhouse runtime --gateway <url> --name dead')
  })

  it('advises to start the runtime that is down rather than to tag one of another stage', () => {
    const match = matchRuntime(wish(), [
      runtime('another', { tags: ['DEV', 'cc-fraud'] }),
      runtime('down', { alive: false }),
    ])
    if (match.found) throw new Error('matched')
    expect(match.data.mend).toBe('rowhouse runtime --gateway <url> --name down')
  })

  it('counts a runtime of the stage that lacks a service tag as nearer than one of another stage', () => {
    const match = matchRuntime(wish(), [
      runtime('a-dev', { tags: ['DEV', 'cc-fraud'] }),
      runtime('b-prod', { tags: ['PROD', 'churn'] }),
    ])
    if (match.found) throw new Error('found')
    expect(match.data).toMatchObject({ nearest: 'b-prod', mend: 'moc runtime tag add b-prod cc-fraud' })
  })

  it('counts a tag that differs only in case as the nearest miss and says how to mend it', () => {
    const match = matchRuntime(wish(), [
      runtime('e1', { tags: ['cc-fraud'] }),
      runtime('e2', { tags: ['cc-fraud', 'prod'] }),
    ])
    if (match.found) throw new Error('matched')
    expect(match.data.nearest).toBe('e2')
    expect(match.data.mend).toBe('moc runtime tag add e2 PROD')
    expect(noMatchText(wish(), match.data)).toContain("lacks tag 'PROD' (has 'prod': tags are compared exactly)")
  })

  it('says how to start a runtime when none is registered', () => {
    const match = matchRuntime(wish(), [])
    if (match.found) throw new Error('matched')
    expect(match.data).toMatchObject({
      nearest: null,
      mend: 'rowhouse runtime --gateway <url> --name <name> --stage PROD --tag cc-fraud',
    })
  })

  it('asks no tags of a runtime that is asked for by name', () => {
    const named = wish({ tags: [], stage: null, engineName: 'spark-runtime-1', engineType: 'SPARK_RUNTIME' })
    const fleet = [runtime('e1'), runtime('spark-runtime-1', { tags: [], engineType: 'SPARK_RUNTIME' })]
    const match = matchRuntime(named, fleet)
    expect(match.found && match.runtime.name).toBe('spark-runtime-1')
  })

  it('looks at the runtime that was asked for by name, and says when there is none of that name', () => {
    const named = wish({ tags: [], stage: null, engineName: 'e1' })
    const silent = matchRuntime(named, [runtime('a'), runtime('e1', { alive: false, endpointCount: 1 })])
    expect(silent.found ? '' : noMatchText(named, silent.data)).toContain("Nearest is 'e1': its heartbeat has run out")
    const none = matchRuntime(named, [runtime('a'), runtime('E1')])
    expect(none.found ? '' : noMatchText(named, none.data)).toContain("None is named 'e1' (there is 'E1'")
  })

  it('may be narrowed to the runtimes of the deployment', () => {
    const fleet = [runtime('a'), runtime('b')]
    expect(rankedMatches(wish({ engineIds: ['id-b'] }), fleet).map((each) => each.name)).toEqual(['b'])
  })

  it.each([
    [{ tags: ['-x'] }, { tags: ['PROD'] }, 'moc runtime tag add -- e1 -x'],
    [{}, { endpointCount: 1 }, 'moc runtime endpoint rm e1'],
    [{}, { endpointCount: 1, tags: ['PROD'] }, 'moc runtime tag add e1 cc-fraud && moc runtime endpoint rm e1'],
    [{ engineName: 'e2', tags: ['-x'] }, {}, 'rowhouse runtime --gateway <url> --name e2 --stage PROD --tag=-x'],
  ])('mends %j on %j by commands that run: %s', (asked, there, mend) => {
    const match = matchRuntime(wish(asked), [runtime('e1', there)])
    expect(match.found || match.data.mend).toBe(mend)
  })

  it('says of a language which runtime lacks it, and that none of this version has it', () => {
    const match = matchRuntime(wish({ language: 'R' }), [runtime('e1', { languages: ['JAVASCRIPT', 'PYTHON'] })])
    if (match.found) throw new Error('it was found')
    expect(match.data.seen[0]?.predicates).toContainEqual({
      predicate: 'language',
      passed: false,
      detail: 'runs JAVASCRIPT, PYTHON, not R',
    })
    expect(noMatchText(wish({ language: 'R' }), match.data)).toBe(
      "No runtime matches: wanted tags 'cc-fraud', 'PROD', language R; 1 runtime was looked at. Nearest is 'e1': runs JAVASCRIPT, PYTHON, not R. No runtime of this version runs R models: they run PYTHON and JAVASCRIPT.",
    )
    expect(match.data.mend).toBeNull()
    const other = matchRuntime(wish({ language: 'R', tags: ['x'] }), [runtime('r', { languages: ['R'] })])
    expect(other.found || other.data.mend).toBe('moc runtime tag add r x')
  })

  it('takes a runtime that has not said its languages', () => {
    expect(judge(wish(), runtime('old', { languages: [] })).predicates.every((each) => each.passed)).toBe(true)
  })

  it('finds one exactly when one passes all predicates, and tells all either way', () => {
    fc.assert(
      fc.property(someWish, someFleet, (asked, fleet) => {
        const match = matchRuntime(asked, fleet)
        const passing = fleet.filter((each) => judge(asked, each).predicates.every((p) => p.passed))
        expect(match.found).toBe(passing.length > 0)
        if (match.found) expect(passing).toContain(match.runtime)
        else {
          expect(match.data.seen).toHaveLength(fleet.length)
          expect(match.data.nearest === null).toBe(fleet.length === 0)
          if (asked.language !== 'R') expect(match.data.mend).toBeTruthy()
        }
      }),
    )
  })

  it('does not depend on the order in which runtimes are listed', () => {
    fc.assert(
      fc.property(someWish, someFleet, (asked, fleet) => {
        const forth = matchRuntime(asked, fleet)
        const back = matchRuntime(asked, [...fleet].reverse())
        expect(forth.found ? forth.runtime.name : forth.data.nearest).toBe(
          back.found ? back.runtime.name : back.data.nearest,
        )
      }),
    )
  })

  it('matches after the tags it suggests were added, when only tags were missing', () => {
    fc.assert(
      fc.property(someWish, someFleet, (asked, fleet) => {
        const match = matchRuntime(asked, fleet)
        if (
          match.found ||
          !match.data.mend?.startsWith('moc runtime tag add') ||
          /rowhouse|endpoint/.test(match.data.mend)
        )
          return
        const wanted = [...asked.tags, ...(asked.stage === null ? [] : [asked.stage])]
        const mended = fleet.map((each) =>
          each.name === match.data.nearest ? { ...each, tags: [...each.tags, ...wanted] } : each,
        )
        const again = matchRuntime(asked, mended)
        expect(again.found && again.runtime.name).toBe(match.data.nearest)
      }),
    )
  })
})

describe('a near tag', () => {
  it('is one that differs in case before one that is misspelt', () => {
    expect(nearestTag('PROD', ['PRD', 'prod'])).toEqual({ tag: 'prod', how: 'case' })
    expect(nearestTag('PROD', ['PRD', 'UAT'])).toEqual({ tag: 'PRD', how: 'spelling' })
    expect(nearestTag('cc-fraud', ['churn', 'DEV'])).toBeUndefined()
  })

  it('is one that looks the same and is encoded in another way', () => {
    expect(nearestTag('caf\u00e9', ['cafe\u0301'])).toEqual({ tag: 'cafe\u0301', how: 'case' })
  })

  it('counts a swap of neighbours as one slip', () => {
    expect(editDistance('dve', 'dev')).toBe(1)
    expect(editDistance('kitten', 'sitting')).toBe(3)
  })
})
