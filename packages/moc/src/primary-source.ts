import { basename } from 'node:path'
import { InputError } from '@rowhouse/contract'

export interface SourceText {
  file: string
  text: string
}

/** Whole-line annotation in column 0 with one comment marker: `# modelop.score`, `//modelop.metrics`. */
export function hasRole(text: string, role: 'init' | 'score' | 'metrics' | 'train'): boolean {
  const name = role === 'train' ? 'train(?:ing)?' : role
  return new RegExp(`^(?:#|//)[ \\t]*modelop\\.${name}[ \\t]*(?::.*)?\\r?$`, 'im').test(text)
}

/** A role that a job can have; `init` alone tells nothing. */
export function hasAnyRole(text: string): boolean {
  return hasRole(text, 'score') || hasRole(text, 'metrics') || hasRole(text, 'train')
}

/** An old source without role tags: its functions have the default names, its other annotations tell it from helpers. */
function isOldStyle(text: string): boolean {
  return (
    /^(?:#|\/\/)[ \t]*(?:fastscore|modelop)\.[a-z]/im.test(text) ||
    /^def (?:action|metrics|train)\b|^action *<-/m.test(text) ||
    /^(?:export )?(?:default )?(?:async )?function[ *]+(?:action|score|metrics|train)\b/m.test(text)
  )
}

const usualNames = /^(model|main|score|scoring|index)\.(py|py3|[cm]?js|[cm]?ts|r)$/i

/**
 * The source that holds the model: the one asked for; else the only one; else the only one with a role annotation; else, where none has
 * one, the only one with another annotation or a function of a default name; else one with a usual name. Several left: the reader chooses.
 */
export function pickPrimarySource(sources: readonly SourceText[], wanted: string | undefined): SourceText {
  if (wanted !== undefined) {
    const found = sources.find((source) => source.file === wanted.replace(/^\.\//, ''))
    if (found === undefined)
      throw new InputError('NoSuchSource', `There is no source ${wanted} in the folder; it has: ${nameAll(sources)}`)
    return found
  }
  const annotated = sources.filter((source) => hasAnyRole(source.text))
  const old = sources.filter((source) => isOldStyle(source.text))
  const likely = [annotated, old, sources].find((some) => some.length > 0) ?? []
  for (const candidates of [sources, likely, ...named(likely)]) {
    const [only, second] = candidates
    if (only !== undefined && second === undefined) return only
  }
  if (sources.length === 0)
    throw new InputError('NoSource', 'The folder holds no model source (.py, .py3, .js, .mjs, .cjs, .ts, .R)')
  throw new InputError('ManySources', `Several files could be the model: ${nameAll(likely)}. Choose one with --source`)
}

/** Candidates narrowed by usual names, top folder first. */
function named(sources: readonly SourceText[]): SourceText[][] {
  const usual = sources.filter((source) => usualNames.test(basename(source.file)))
  const score = sources.filter((source) => hasRole(source.text, 'score'))
  return [usual.filter((source) => !source.file.includes('/')), usual, score]
}

function nameAll(sources: readonly SourceText[]): string {
  return sources.map((source) => source.file).join(', ') || 'none'
}
