import type { EngineBody } from '@rowhouse/contract'
import { type Delegate, type DelegateTask, findText, getText, withoutContents } from './delegate.ts'

/** TAG (and MODEL_STAGE, when set) → RUNTIMES that carry them. */
export const getRuntimesByTag: Delegate = {
  name: 'GetRuntimesByTag',
  onlyReads: true,
  run: async (task) => ({ RUNTIMES: withoutContents(await runtimesByTags(task)) }),
}

/** As above, told apart by their endpoints: runtimes without persistent endpoints are for batch. */
export const getCompatibleEngine: Delegate = {
  name: 'GetCompatibleEngine',
  onlyReads: true,
  async run(task) {
    const runtimes = await runtimesByTags(task)
    return {
      RUNTIMES: withoutContents(runtimes),
      ONLINE_RUNTIMES: withoutContents(runtimes.filter(hasEndpoints)),
      BATCH_RUNTIMES: withoutContents(runtimes.filter((runtime) => !hasEndpoints(runtime))),
    }
  },
}

/** The longest page there is. */
const runtimesMax = 1_000

async function runtimesByTags(task: DelegateTask): Promise<EngineBody[]> {
  const tags = [getText(task, 'TAG', "the model's service tag")]
  const stage = findText(task, 'MODEL_STAGE')
  if (stage !== undefined) tags.push(stage)
  const found = await task.client.engines.findByTags(tags, { signal: task.signal, query: { size: runtimesMax } })
  return found._embedded.engines ?? []
}

function hasEndpoints(runtime: EngineBody): boolean {
  return runtime.inputEndpoints.length > 0 || runtime.outputEndpoints.length > 0
}
