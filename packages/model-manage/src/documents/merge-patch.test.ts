import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergePatch } from './merge-patch.ts'

describe('a merge patch', () => {
  it('keeps what it does not name, at every depth', () => {
    const stored = {
      modelMetaData: { name: 'a', useCaseInfo: { business: { primaryDriver: 'x', owner: 'o' } } },
      modelAssets: [1, 2],
    }
    const patch = { modelMetaData: { modelStage: 'PROD', useCaseInfo: { business: { primaryDriver: 'y' } } } }
    expect(mergePatch(stored, patch)).toEqual({
      modelMetaData: { name: 'a', modelStage: 'PROD', useCaseInfo: { business: { primaryDriver: 'y', owner: 'o' } } },
      modelAssets: [1, 2],
    })
  })

  it('replaces lists whole and takes away what is null', () => {
    expect(mergePatch({ a: [1, 2], b: 1, c: 2 }, { a: [3], b: null })).toEqual({ a: [3], c: 2 })
  })

  it('applied twice is the same as once', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (stored, patch) => {
        const once = mergePatch(stored, patch)
        expect(mergePatch(once, patch)).toEqual(once)
      }),
    )
  })
})
