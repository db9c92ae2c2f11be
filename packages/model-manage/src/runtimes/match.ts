import { type NoMatchingRuntimeData, type PredicateBody, type SeenRuntimeBody, Unmet } from '@rowhouse/contract'
import { nearestTag, shellWord } from './near-tag.ts'

/** What a job or a deployment wants of a runtime. Stored with the job and matched again whenever runtimes change. */
export interface RuntimeWish {
  /** All of them must be on the runtime: service tags, or the tags of an inline model. */
  tags: readonly string[]
  stage: string | null
  language: string | null
  engineType: string | null
  /** A runtime asked for by name: then its tags do not matter. */
  engineName: string | null
  /** Only these may take it, when set: the runtimes named in the deployment records. */
  engineIds: readonly string[] | null
}

/** A runtime as it is now. */
export interface Candidate {
  id: string
  name: string
  tags: readonly string[]
  alive: boolean
  engineType: string
  /** Empty when the runtime has not said. */
  languages: readonly string[]
  /** Persistent (configured) endpoints: a runtime with some serves online. */
  endpointCount: number
  waiting: number
  running: number
  slots: number
}

export type Match<C extends Candidate> =
  | { found: true; runtime: C; seen: SeenRuntimeBody[] }
  | { found: false; data: NoMatchingRuntimeData }

/** Which predicates apply is a matter of the wish alone, so that every runtime is told the same ones. */
export function judge(wish: RuntimeWish, runtime: Candidate): SeenRuntimeBody {
  const predicates: PredicateBody[] = [
    predicate(
      'alive',
      runtime.alive,
      runtime.alive ? 'its heartbeat is current' : 'its heartbeat has run out: it is stopped or cut off',
    ),
  ]
  if (wish.engineName !== null) {
    const passed = runtime.name === wish.engineName
    predicates.push(
      predicate('name', passed, passed ? `is '${runtime.name}'` : `is '${runtime.name}', not '${wish.engineName}'`),
    )
  }
  if (wish.stage !== null) predicates.push(tagPredicate('stage', wish.stage, runtime.tags))
  for (const tag of wish.tags) predicates.push(tagPredicate('serviceTag', tag, runtime.tags))
  if (wish.engineType !== null) {
    const passed = runtime.engineType === wish.engineType
    predicates.push(
      predicate(
        'engineType',
        passed,
        passed ? `is a ${runtime.engineType}` : `is a ${runtime.engineType}, not a ${wish.engineType}`,
      ),
    )
  }
  if (wish.language !== null) predicates.push(languagePredicate(wish.language, runtime.languages))
  predicates.push(
    predicate(
      'noEndpoints',
      runtime.endpointCount === 0,
      runtime.endpointCount === 0
        ? 'has no endpoints'
        : `has ${runtime.endpointCount} endpoint(s): a runtime with endpoints serves online, not batch`,
    ),
  )
  if (wish.engineIds !== null) {
    const passed = wish.engineIds.includes(runtime.id)
    predicates.push(
      predicate(
        'deployed',
        passed,
        passed ? 'the deployment names it' : 'the deployment does not name it (onlyDeployedRuntimes is set)',
      ),
    )
  }
  return { id: runtime.id, name: runtime.name, tags: [...runtime.tags], predicates }
}

/** All that pass, best first: idle, then the shortest queue, then the oldest name. */
export function rankedMatches<C extends Candidate>(wish: RuntimeWish, candidates: readonly C[]): C[] {
  return candidates.filter((runtime) => failedOf(judge(wish, runtime)).length === 0).sort(byPreference)
}

export function matchRuntime<C extends Candidate>(wish: RuntimeWish, candidates: readonly C[]): Match<C> {
  const seen = candidates.map((runtime) => judge(wish, runtime))
  const [best] = rankedMatches(wish, candidates)
  if (best !== undefined) return { found: true, runtime: best, seen }
  const nearest = nearestOf(seen)
  return {
    found: false,
    data: {
      tags: [...wish.tags],
      stage: wish.stage,
      seen,
      nearest: nearest?.name ?? null,
      mend: runsNowhere(wish, candidates)
        ? null
        : nearest === undefined
          ? startCommand(wish)
          : mendCommand(wish, nearest),
    },
  }
}

/** What runtimes of this version can run, given the interpreters. */
const languagesKnown = ['PYTHON', 'JAVASCRIPT'] as const

/** A language that no further runtime would bring either. */
function runsNowhere({ language }: RuntimeWish, candidates: readonly Pick<Candidate, 'languages'>[]): boolean {
  if (language === null || languagesKnown.some((known) => known === language)) return false
  const mayRun = (languages: readonly string[]) =>
    languages.length === 0 || languages.some((each) => each.toUpperCase() === language)
  return !candidates.some(({ languages }) => mayRun(languages))
}

function byPreference(a: Candidate, b: Candidate): number {
  const idle = (runtime: Candidate) => (runtime.running < runtime.slots && runtime.waiting === 0 ? 0 : 1)
  const queue = (runtime: Candidate) => runtime.waiting + runtime.running
  return idle(a) - idle(b) || queue(a) - queue(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

function predicate(name: string, passed: boolean, detail: string): PredicateBody {
  return { predicate: name, passed, detail }
}

function tagPredicate(name: string, wanted: string, tags: readonly string[]): PredicateBody {
  if (tags.includes(wanted)) return predicate(name, true, `has tag '${wanted}'`)
  const near = nearestTag(wanted, tags)
  if (near === undefined) return predicate(name, false, `lacks tag '${wanted}'`)
  const why = near.how === 'case' ? 'tags are compared exactly' : 'a slip of the pen?'
  return predicate(name, false, `lacks tag '${wanted}' (has '${near.tag}': ${why})`)
}

function languagePredicate(wanted: string, languages: readonly string[]): PredicateBody {
  if (languages.length === 0) return predicate('language', true, 'has not said which languages it runs')
  const passed = languages.some((language) => language.toUpperCase() === wanted)
  return predicate('language', passed, passed ? `runs ${wanted}` : `runs ${languages.join(', ')}, not ${wanted}`)
}

function failedOf(seen: SeenRuntimeBody): PredicateBody[] {
  return seen.predicates.filter((each) => !each.passed)
}

/**
 * The one asked for by name if it is there; else fewest failures; among equals one that is merely misspelt, then one of the stage (nobody wants work of PROD
 * on the runtime of DEV, however small the slip), then one that is not alive (its tags are more right than those of the others), then the first by name.
 */
function nearestOf(seen: readonly SeenRuntimeBody[]): SeenRuntimeBody | undefined {
  const failures = (runtime: SeenRuntimeBody, predicateName: string) =>
    failedOf(runtime).filter((each) => each.predicate === predicateName).length
  const misspelt = (runtime: SeenRuntimeBody) =>
    failedOf(runtime).filter((each) => each.detail.includes("(has '")).length
  return [...seen].sort(
    (a, b) =>
      failures(a, 'name') - failures(b, 'name') ||
      failedOf(a).length - failedOf(b).length ||
      misspelt(b) - misspelt(a) ||
      failures(a, 'stage') - failures(b, 'stage') ||
      failures(b, 'alive') - failures(a, 'alive') ||
      (a.name < b.name ? -1 : 1),
  )[0]
}

/** What a person would type to make `runtime` match; the tag command comes first because it is the usual one. */
function mendCommand(wish: RuntimeWish, runtime: SeenRuntimeBody): string {
  const failed = new Set(failedOf(runtime).map((each) => each.predicate))
  if (failed.has('name') || failed.has('engineType') || failed.has('language') || failed.has('deployed'))
    return startCommand(wish)
  const missing = [...new Set([...(wish.stage === null ? [] : [wish.stage]), ...wish.tags])].filter(
    (tag) => !runtime.tags.includes(tag),
  )
  const steps = missing.map((tag) => `moc runtime tag add ${shellWords(runtime.name, tag)}`)
  if (failed.has('alive')) steps.push(`rowhouse runtime --gateway <url> --name ${shellWord(runtime.name)}`)
  if (failed.has('noEndpoints')) steps.push(`moc runtime endpoint rm ${shellWords(runtime.name)}`)
  return steps.join(' && ')
}

/** A word that begins like an option is none behind `--`. */
function shellWords(...words: string[]): string {
  return [...(words.some((word) => word.startsWith('-')) ? ['--'] : []), ...words.map(shellWord)].join(' ')
}

function startCommand(wish: RuntimeWish): string {
  const parts = [
    'rowhouse runtime --gateway <url>',
    `--name ${shellWord(wish.engineName ?? '<name>')}`.replace("'<name>'", '<name>'),
  ]
  if (wish.stage !== null) parts.push(`--stage${flagValue(wish.stage)}`)
  for (const tag of wish.tags) parts.push(`--tag${flagValue(tag)}`)
  return parts.join(' ')
}

function flagValue(word: string): string {
  return `${word.startsWith('-') ? '=' : ' '}${shellWord(word)}`
}

export function wishText(wish: RuntimeWish): string {
  const parts: string[] = []
  if (wish.engineName !== null) parts.push(`name '${wish.engineName}'`)
  const tags = [...wish.tags, ...(wish.stage === null ? [] : [wish.stage])]
  if (tags.length > 0) parts.push(`${tags.length === 1 ? 'tag' : 'tags'} ${tags.map((tag) => `'${tag}'`).join(', ')}`)
  if (wish.engineType !== null) parts.push(`type ${wish.engineType}`)
  if (wish.language !== null) parts.push(`language ${wish.language}`)
  return parts.length === 0 ? 'any batch runtime' : parts.join(', ')
}

/** One sentence: what was wanted, what the nearest runtime lacks, what mends it. */
export function noMatchText(wish: RuntimeWish, data: NoMatchingRuntimeData): string {
  const wanted = `No runtime matches: wanted ${wishText(wish)}`
  if (data.seen.length === 0) return `${wanted}, but no runtime is registered. ${mendText(wish, data)}`
  const looked = `${data.seen.length} ${data.seen.length === 1 ? 'runtime was' : 'runtimes were'} looked at`
  return `${wanted}; ${looked}.${nearestText(wish, data)} ${mendText(wish, data)}`
}

function mendText({ language }: RuntimeWish, { mend }: NoMatchingRuntimeData): string {
  if (mend !== null) return `To mend: ${mend}`
  return `No runtime of this version runs ${language} models: they run ${languagesKnown.join(' and ')}.`
}

function nearestText(wish: RuntimeWish, data: NoMatchingRuntimeData): string {
  const nearest = data.seen.find((runtime) => runtime.name === data.nearest)
  if (nearest === undefined) return ''
  if (wish.engineName !== null && nearest.name !== wish.engineName) {
    const near = nearestTag(
      wish.engineName,
      data.seen.map((runtime) => runtime.name),
    )
    const meant = near === undefined ? '' : ` (there is '${near.tag}': names are compared exactly)`
    return ` None is named '${wish.engineName}'${meant}.`
  }
  const lacks = failedOf(nearest).map((each) => each.detail)
  return ` Nearest is '${nearest.name}': ${lacks.join('; ')}.`
}

export function noMatchingRuntime(wish: RuntimeWish, data: NoMatchingRuntimeData): Unmet {
  return new Unmet('NoMatchingRuntime', noMatchText(wish, data), { ...data })
}
