/**
 * The primary source as a module, in the folder with all its assets.
 *
 * A `.js` file is an ES module when it says `import` or `export`, whatever package.json lies above the playground; a package.json inside
 * the playground is the model's own and decides. CommonJS (`module.exports = {…}`) and TypeScript sources are taken too.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import type { HarnessPlan } from '../harness-protocol.ts'
import { type Annotations, type Role, readAnnotations } from './annotations.ts'
import { failureOf, JobFailed } from './failure.ts'

export type ModelFunction = (...given: unknown[]) => unknown

export interface Model {
  annotations: Annotations
  /** The function of a role: the asset's name first, then the annotation, then the default names. */
  find(role: Role | 'end'): ModelFunction | null
  /** As find; throws JobFailed with what the source does define. */
  get(role: Role): ModelFunction
}

const defaults: Record<Role | 'end', readonly string[]> = {
  init: ['begin', 'init'],
  score: ['action', 'score'],
  metrics: ['metrics'],
  train: ['train'],
  end: ['end'],
}

/** Working directory, arguments and folders as the model is to find them. */
export function prepareProcess(plan: HarnessPlan): void {
  process.chdir(plan.playground)
  mkdirSync('outputDir', { recursive: true })
  process.argv.splice(1, Infinity, join(process.cwd(), plan.source))
  process.execArgv.length = 0
  process.title = 'model'
}

export async function loadModel(plan: HarnessPlan): Promise<Model> {
  const path = join(realpathSync(plan.playground), plan.source)
  let source: string
  try {
    source = readFileSync(path, 'utf8')
  } catch (error) {
    throw new JobFailed('load', `the source ${plan.source} cannot be read: ${(error as Error).message}`)
  }
  decideFormats(realpathSync(plan.playground))
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    const { phase, message, place, traceback } = failureOf('load', error)
    const broken = whereBroken(error, source, plan.source)
    const [, line] = /:(\d+)$/.exec(broken[0] ?? '') ?? []
    const where = line === undefined ? '' : ` (${plan.source}, line ${line})`
    throw new JobFailed(phase, `${message}${where}`, {
      place,
      traceback: [...broken, ...traceback],
      isRaised: true,
    })
  }
  return asModel(plan, module, readAnnotations(source))
}

function asModel(plan: HarnessPlan, module: Record<string, unknown>, annotations: Annotations): Model {
  // A class is exported in the place of its one instance, if it is none of static methods.
  const instance = isClass(module.default) ? { ...module, default: new module.default() } : null
  const lookUp = (name: string): ModelFunction | null => {
    if (instance === null) return functionOf(module, name)
    return functionOf(instance, name) ?? (name === 'default' ? null : functionOf(module, name))
  }
  /** `export { predict as score }`, `module.exports = { score: predict }`. */
  const lookUpOwnName = (name: string) =>
    Object.keys(module)
      .concat(memberNames(module.default))
      .map(lookUp)
      .find((found) => found !== null && ownName(found) === name) ?? null
  const defined = () => {
    const names = [...Object.keys(module), ...memberNames(module.default)].filter((name) => lookUp(name))
    return [...new Set(names)].join(', ') || 'no function'
  }
  const find = (role: Role | 'end'): ModelFunction | null => {
    const explicit = role === 'end' ? null : plan.functions[role]
    if (explicit) {
      const found = lookUp(explicit)
      if (found || (role === 'init' && defaults.init.includes(explicit))) return found
      const what = `the asset names '${explicit}' as its ${role} function, but ${plan.source} does not export it`
      throw new JobFailed('load', `${what}; it exports: ${defined()}`)
    }
    const annotated = role === 'end' ? undefined : annotations.functions[role]
    if (annotated === undefined) {
      const names = role === 'score' ? [...defaults.score, 'default'] : defaults[role]
      return names.map(lookUp).find((found) => found !== null) ?? null
    }
    const found = lookUp(annotated) ?? lookUpOwnName(annotated)
    if (found === null)
      throw new JobFailed(
        'load',
        `${plan.source} marks '${annotated}' as its ${role} function but does not export it: write \`export function ${annotated}\``,
      )
    return found
  }
  const get = (role: Role): ModelFunction => {
    const found = find(role)
    if (found) return found
    const how = `write \`export function ${role}\`, or put \`// modelop.${role}\` on the line above an exported function`
    throw new JobFailed('load', `${plan.source} has no ${role} function: ${how}; it exports: ${defined()}`)
  }
  return { annotations, find, get }
}

/** Exported by its name, or a method of what is exported as a whole: of an object or an instance of a class, which stays its `this`. */
function functionOf(module: Record<string, unknown>, name: string): ModelFunction | null {
  const named = module[name]
  const whole = isObject(module.default) ? module.default : null
  const method: unknown = whole === null ? undefined : Reflect.get(whole, name)
  if (typeof method === 'function' && (typeof named !== 'function' || named === method)) return method.bind(whole)
  return typeof named === 'function' ? (named as ModelFunction) : null
}

const isClass = (value: unknown): value is new () => object =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))

/** A method that has its `this` is called `bound name`. */
const ownName = ({ name }: ModelFunction): string => name.replace(/^bound /, '')

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** Own and inherited ones, without those that every object has. */
function memberNames(whole: unknown): string[] {
  if (!isObject(whole) || whole === Object.prototype || whole === Function.prototype) return []
  const own = Object.getOwnPropertyNames(whole).filter((name) => name !== 'constructor')
  return [...own, ...memberNames(Object.getPrototypeOf(whole))]
}

function decideFormats(playground: string): void {
  const inside = `${pathToFileURL(playground)}/`
  registerHooks({
    load(url, context, next) {
      const [, extension] = /\.([jt]s)$/.exec(url) ?? []
      if (!url.startsWith(inside) || extension === undefined || hasPackage(dirname(fileURLToPath(url)), playground))
        return next(url, context)
      const format = isModule(readFileSync(fileURLToPath(url), 'utf8')) ? 'module' : 'commonjs'
      return next(url, { ...context, format: extension === 'ts' ? `${format}-typescript` : format })
    },
  })
}

function hasPackage(folder: string, playground: string): boolean {
  if (existsSync(join(folder, 'package.json'))) return true
  return folder !== playground && folder.startsWith(playground) && hasPackage(dirname(folder), playground)
}

const moduleWords =
  /(?:^|[;}])[ \t]*(?:export[ \t]*(?:[{*]|default\b|async\b|function\b|const\b|let\b|var\b|class\b)|import[ \t]*(?:["'{*]|[\w$]+[ \t]*(?:,|from\b)))/m
const commonWords = /\bmodule\.exports\b|\bexports\.\w|\brequire[ \t]*\(/

const isModule = (source: string): boolean => moduleWords.test(source) || !commonWords.test(source)

/** An ES module's syntax error does not say where: the same text without its module words is compiled once more to find out. */
function whereBroken(error: unknown, source: string, name: string): string[] {
  if (!(error instanceof SyntaxError)) return []
  const blank = (text: string) => text.replace(/[^\n]/g, ' ')
  const script = source
    .replace(/^[ \t]*import\b[^;'"(]*["'][^'"\n]*["'];?/gm, blank)
    .replace(/^[ \t]*export[ \t]+(?:default[ \t]+)?(?=[\w$([])/gm, blank)
  try {
    new Script(script, { filename: name })
  } catch (found) {
    const isSame = found instanceof SyntaxError && found.message === error.message
    const [place = '', line = '', mark = ''] = isSame ? String(found.stack).split('\n') : []
    if (place.startsWith(`${name}:`)) return [place, sourceLine(source, place) ?? line, mark]
  }
  return []
}

function sourceLine(source: string, place: string): string | undefined {
  return source.split(/\r?\n/)[Number(place.slice(place.lastIndexOf(':') + 1)) - 1]
}
