/** The walls of the house: which room may import which, no circles, and no file past its size. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const linesMax = 400

/** What each room may import of ours. */
const mayImport: Record<string, string[]> = {
  contract: [],
  bpmn: [],
  tables: [],
  postgres: [],
  http: ['contract'],
  'model-manage': ['contract', 'http', 'postgres'],
  mlc: ['contract', 'http', 'postgres', 'bpmn'],
  gateway: ['contract', 'http', 'postgres', 'model-manage', 'mlc'],
  runtime: ['contract', 'tables'],
  moc: ['contract'],
  rowhouse: ['gateway', 'postgres', 'runtime'],
}
const forbiddenNames = /^(utils|helpers|common|shared|misc|types|constants|manager|base)\.(ts|mjs)$/

interface SourceFile {
  path: string
  room: string
  text: string
  imports: string[]
}

const files = readdirSync(join(root, 'packages')).flatMap((room) => sourcesOf(room))

describe('the walls', () => {
  it('every room is in the plan', () => {
    expect(readdirSync(join(root, 'packages')).sort()).toEqual(Object.keys(mayImport).sort())
  })

  it('no room imports a room it may not know', () => {
    const broken = files.flatMap((file) =>
      file.imports
        .map(roomOfImport)
        .filter((room) => room !== undefined && room !== file.room && !mayImport[file.room]?.includes(room))
        .map((room) => `${file.path} imports ${room}`),
    )
    expect(broken).toEqual([])
  })

  it('no room reaches into another by a relative path', () => {
    const broken = files.flatMap((file) =>
      file.imports
        .filter((name) => name.startsWith('.'))
        .filter((name) =>
          relative(join(root, 'packages', file.room), resolve(dirname(join(root, file.path)), name)).startsWith('..'),
        )
        .map((name) => `${file.path} imports ${name}`),
    )
    expect(broken).toEqual([])
  })

  it('bpmn has no clock, no randomness and no input or output', () => {
    const broken = files
      .filter((file) => file.room === 'bpmn')
      .filter(
        (file) =>
          /Date\.now|Math\.random|new Date\(\)|randomUUID/.test(file.text) ||
          file.imports.some((name) => name.startsWith('node:')),
      )
      .map((file) => file.path)
    expect(broken).toEqual([])
  })

  it('no files import each other in a circle', () => {
    expect(findCircle()).toBeUndefined()
  })

  it('no file is longer than the limit', () => {
    const long = files.filter((file) => file.text.split('\n').length - 1 > linesMax).map((file) => file.path)
    expect(long).toEqual([])
  })

  it('no file is named after a kind instead of a subject', () => {
    expect(
      files.filter((file) => forbiddenNames.test(file.path.split('/').at(-1) ?? '')).map((file) => file.path),
    ).toEqual([])
  })

  it('a store imports no command and no route', () => {
    const broken = files
      .filter((file) => file.path.endsWith('-store.ts'))
      .filter((file) => file.imports.some((name) => name.endsWith('.routes.ts')))
      .map((file) => file.path)
    expect(broken).toEqual([])
  })
})

function sourcesOf(room: string): SourceFile[] {
  const source = join(root, 'packages', room, 'src')
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => {
      const text = readFileSync(join(source, name), 'utf8')
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
      return { path: relative(root, join(source, name)), room, text, imports }
    })
}

function roomOfImport(name: string): string | undefined {
  const match = /^@rowhouse\/([a-z-]+)/.exec(name)
  return match?.[1]
}

/** Depth-first over relative imports, those of types alone included. */
function findCircle(): string | undefined {
  const graph = new Map(files.map((file) => [file.path, relativeImports(file)]))
  const done = new Set<string>()
  const visit = (path: string, trail: string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ')
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...trail, path])
      if (circle !== undefined) return circle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const circle = visit(path, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

function relativeImports(file: SourceFile): string[] {
  return [...file.text.matchAll(/^(?:import|export)\s+(?:[^'"]*?from\s+)?'(\.[^']+)'/gm)].map((match) =>
    relative(root, resolve(dirname(join(root, file.path)), match[1] ?? '')),
  )
}
