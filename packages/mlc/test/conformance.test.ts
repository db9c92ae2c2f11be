/** What a real Operaton 1.0.3 engine answered to small scenarios (Camunda 7.24 answers the same), held against the wing. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Bindings, differences } from './expect-recorded.ts'
import { startMlc } from './mlc-server.ts'
import { Replay, type Scenario } from './replay.ts'

const root = fileURLToPath(new URL('./fixtures/conformance/', import.meta.url))
const read = (path: string) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'))

describe('as recorded from the reference engine', () => {
  for (const name of readdirSync(root)) {
    const scenario: Scenario = read(`${name}/scenario.json`)
    it(`${name}: ${scenario.title}`, async () => {
      const server = await startMlc({ unsecured: true })
      const replay = new Replay(server, `${root}${name}`)
      const recorded: { step: string; result: unknown }[] = read(`${name}/recorded.json`).results
      const bindings: Bindings = new Map()
      for (const [index, step] of scenario.steps.entries()) {
        const want = recorded[index]
        const got = await replay.step(step)
        expect(differences(want?.result, got, bindings, `step ${index + 1} (${want?.step})`)).toEqual([])
      }
    })
  }
})
