/** ARCHITECTURE.md and the manual tell what is so: names, walls, states, settings and links are compared with the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { printBlocks, replaceBlocks } from '../scripts/print-states.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const architecture = read('ARCHITECTURE.md')
const rooms = readdirSync(join(root, 'packages'))
const fileName = /^[\w.-]+(?:\/[\w.*-]+)*\/(?:[\w-]+(?:\.[\w-]+)*\.\w+)?$|^[\w-]+\/$/

describe('ARCHITECTURE.md', () => {
  it('has the state diagrams that the code prints', async () => {
    expect(architecture).toBe(replaceBlocks(architecture, await printBlocks()))
  })

  it('names files and folders that exist', () => {
    const missing = words(architecture).filter((word) => fileName.test(word) && findFile(word) === undefined)
    expect(missing).toEqual([])
  })

  it('names functions that stand in a file of the same line', () => {
    const lost = architecture.split('\n').flatMap((line) => {
      const texts = words(line).flatMap((word) => textOf(word) ?? [])
      const functions = words(line).flatMap((word) => /^([A-Za-z]\w*)\(\)$/.exec(word)?.[1] ?? [])
      return functions.filter((name) => !texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)))
    })
    expect(lost).toEqual([])
  })

  it('names every room, with the walls that are enforced', () => {
    const enforced = [...read('test/walls.test.ts').matchAll(/^ {2}'?([a-z-]+)'?: \[(.*)\],$/gm)].map(
      ([, room = '', list = '']) => [room, [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name)],
    )
    const table = architecture.slice(
      architecture.indexOf('## Rooms and walls'),
      architecture.indexOf('### Inside a room'),
    )
    const told = [...table.matchAll(/^\| `([a-z-]+)` \|.*\| ([^|]*) \|$/gm)].map(([, room, list = '']) => [
      room,
      words(list),
    ])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(enforced))
    expect(told.map(([room]) => room).sort()).toEqual(rooms)
  })
})

describe('the manual', () => {
  it('links to files that exist', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...manualPages()].filter((page) =>
      existsSync(join(root, page)),
    )
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('is listed in its index', () => {
    const index = read('docs/README.md')
    expect(manualPages().filter((page) => !page.endsWith('README.md') && !index.includes(page.slice(5)))).toEqual([])
  })

  it('tells every ROWHOUSE_ variable that the programs read, and no other', () => {
    const inCode = new Set(sources().flatMap((text) => text.match(/\bROWHOUSE_[A-Z_]*[A-Z]\b(?!_)/g) ?? []))
    const inManual = new Set(
      [...manualPages(), 'README.md']
        .filter((page) => existsSync(join(root, page)))
        .flatMap((page) => read(page).match(/\bROWHOUSE_[A-Z_]*[A-Z]\b(?!_)/g) ?? []),
    )
    for (const name of inCode) if (name.startsWith('ROWHOUSE_TEST_')) inCode.delete(name)
    expect([...inCode].filter((name) => !inManual.has(name)).sort()).toEqual([])
    expect([...inManual].filter((name) => !inCode.has(name)).sort()).toEqual([])
  })
})

/** What stands between backticks, fenced blocks left out. */
function words(text: string): string[] {
  const plain = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...plain.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word)
}

/** Below the project, or below packages/. */
function findFile(name: string): string | undefined {
  return [name, join('packages', name)].map((path) => join(root, path)).find((path) => existsSync(path))
}

function textOf(word: string): string | undefined {
  const path = /\.\w+$/.test(word) && fileName.test(word) ? findFile(word) : undefined
  return path === undefined ? undefined : readFileSync(path, 'utf8')
}

function manualPages(): string[] {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
}

function sources(): string[] {
  const folders = rooms.flatMap((room) => ['src', 'bin'].map((part) => join(root, 'packages', room, part)))
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith('.test.ts') && name !== 'testing.ts')
        .map((name) => readFileSync(join(folder, name), 'utf8')),
    )
}
