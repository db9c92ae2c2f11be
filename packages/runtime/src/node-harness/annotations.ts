/** The comment lines of a model source that say which function does what. The grammar is that of all languages; `//` or `#` begins the line. */

export type Role = 'init' | 'score' | 'metrics' | 'train'

export interface Annotations {
  /** Role → name of the function defined below the annotation; the first one in the file wins. */
  functions: Partial<Record<Role, string>>
  /** Slots whose records are handed over as batches, or taken as batches. */
  isRecordset(slot: number): boolean
}

const annotation =
  /^(?:#|\/\/)[ \t]*(modelop|fastscore)\.([a-z][a-z-]*)(?:\.(\$?[\w-]+))?[ \t]*(?::[ \t]*(.*?))?[ \t]*\r?$/i
/** A function, a constant, a member of `exports`, or a method of what is exported as a whole. */
const definitions = [
  /^[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:async[ \t]+)?function[ \t]*\*?[ \t]*([\p{ID_Continue}$]+)/u,
  /^[ \t]*(?:export[ \t]+)?(?:const|let|var)[ \t]+([\p{ID_Continue}$]+)[ \t]*(?::[^=]*)?=/u,
  /^[ \t]*(?:module[ \t]*\.[ \t]*)?exports[ \t]*\.[ \t]*([\p{ID_Continue}$]+)[ \t]*=/u,
  /^[ \t]*(?:static[ \t]+)?(?:async\b[ \t]*)?(?:\*[ \t]*)?([\p{ID_Start}$_][\p{ID_Continue}$]*)[ \t]*\([^()]*\)[ \t]*\{/u,
  /^[ \t]*([\p{ID_Start}$_][\p{ID_Continue}$]*)[ \t]*:[ \t]*(?:async\b[ \t]*)?(?:function\b|\(|[\p{ID_Continue}$]+[ \t]*=>)/u,
]
const noMethod = new Set(['if', 'for', 'while', 'switch', 'catch', 'with'])
const anonymousDefault = /^[ \t]*export[ \t]+default\b/
const roles: Record<string, Role> = {
  init: 'init',
  score: 'score',
  metrics: 'metrics',
  train: 'train',
  training: 'train',
}
const yes = new Set(['true', 'yes', 'on', '1', 'both'])

export function readAnnotations(source: string): Annotations {
  const functions: Partial<Record<Role, string>> = {}
  const settings = new Map<string, string>()
  let waiting: Role[] = []
  for (const line of source.replace(/^\uFEFF/, '').split('\n')) {
    const [, prefix, name = '', scope = '', value = ''] = annotation.exec(line) ?? []
    if (prefix === undefined) {
      const found = waiting.length === 0 ? null : definedName(line)
      if (found === null) continue
      for (const role of waiting) functions[role] ??= found
      waiting = []
      continue
    }
    const tag = name.toLowerCase()
    const role = roles[tag]
    const key = `${tag}.${scope.toLowerCase()}`
    if (role === undefined) settings.set(key, settings.get(key) ?? value.toLowerCase())
    else if (prefix.toLowerCase() === 'modelop') waiting.push(role)
  }
  return { functions, isRecordset: (slot) => isRecordset(settings, slot) }
}

function definedName(line: string): string | null {
  for (const definition of definitions) {
    const [, name] = definition.exec(line) ?? []
    if (name !== undefined && !noMethod.has(name)) return name
  }
  return anonymousDefault.test(line) ? 'default' : null
}

/** A slot's own setting wins over `$in`/`$out`, those over `$all` and none. */
function isRecordset(settings: ReadonlyMap<string, string>, slot: number): boolean {
  const isOutput = slot % 2 === 1
  for (const scope of [String(slot), isOutput ? '$out' : '$in', '$all', '']) {
    const value = settings.get(`recordsets.${scope}`)
    if (value !== undefined) return yes.has(value) || value === (isOutput ? 'output' : 'input')
  }
  return false
}
