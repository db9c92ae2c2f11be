import { Unmet } from '@rowhouse/contract'
import { nearestTag, shellWord } from '../runtimes/near-tag.ts'

export interface SeenDeployment {
  serviceTags: readonly string[]
  stage: string
  state: string
  snapshotId: string
  snapshotName: string | null
}
export interface SeenSnapshot {
  id: string
  name: string | null
  serviceTags: readonly string[]
}

/** Nothing is deployed for a service tag in a stage: what there is instead, what was nearly right, and the command that mends it. */
export function explainNotDeployed(
  wantedTag: string,
  wantedStage: string,
  deployments: readonly SeenDeployment[],
  snapshots: readonly SeenSnapshot[],
): { message: string; data: Record<string, unknown> } {
  const [tag, stage] = [shortened(wantedTag), shortened(wantedStage)]
  const deployed = deployments.filter((each) => each.state === 'DEPLOYED')
  const near = nearMiss(tag, stage, deployments)
  const snapshot = snapshots.find((each) => each.serviceTags.includes(tag))
  const mend = near?.mend ?? mendCommand(tag, stage, snapshot)
  const parts = [`No model is deployed as batch for TAG '${tag}' and MODEL_STAGE '${stage}': ${whatThereIs(deployed)}.`]
  if (near) parts.push(near.text)
  else if (snapshot)
    parts.push(`The snapshot '${snapshot.name ?? snapshot.id}' carries the tag but is not deployed to ${stage}.`)
  else parts.push(`No snapshot carries the tag '${tag}'.`)
  parts.push(`To mend: ${mend}`)
  const seen = deployed.map(({ serviceTags, stage: where, snapshotId }) => ({
    serviceTags,
    stage: where,
    deployableModelId: snapshotId,
  }))
  return { message: parts.join(' '), data: { tag, stage, deployed: seen, nearest: near?.nearest ?? null, mend } }
}

/** Nothing carries a longer one: enough of it to know it by leaves room for what there is. */
function shortened(text: string): string {
  return text.length > tagLengthMax ? `${text.slice(0, 60)}… (${text.length} characters)` : text
}
const tagLengthMax = 200

export function modelNotDeployed(explained: { message: string; data: Record<string, unknown> }): Unmet {
  return new Unmet('ModelNotDeployed', explained.message, explained.data)
}

export function mendCommand(tag: string, stage: string, snapshot: { id: string } | undefined): string {
  const deploy = (id: string) => `moc deployment create ${id} --stage ${shellWord(stage)}`
  if (snapshot) return deploy(snapshot.id)
  return `moc snapshot create <model> --tag ${shellWord(tag)} && ${deploy('<snapshot id>')}`
}

interface NearMiss {
  text: string
  nearest: { tag: string; stage: string; state: string }
  mend: string
}

function nearMiss(tag: string, stage: string, deployments: readonly SeenDeployment[]): NearMiss | undefined {
  const withTag = deployments.filter((each) => each.serviceTags.includes(tag))
  const undeployed = withTag.find((each) => each.stage === stage)
  if (undeployed) {
    const text = `'${undeployed.snapshotName ?? undeployed.snapshotId}' was deployed there and is ${undeployed.state} now.`
    return {
      text,
      nearest: { tag, stage, state: undeployed.state },
      mend: mendCommand(tag, stage, { id: undeployed.snapshotId }),
    }
  }
  const live = deployments.filter((each) => each.state === 'DEPLOYED')
  const liveWithTag = live.filter((each) => each.serviceTags.includes(tag))
  const otherStage = nearestTag(
    stage,
    liveWithTag.map((each) => each.stage),
  )
  if (otherStage) return misspelt({ tag, stage: otherStage.tag }, otherStage.how, [`MODEL_STAGE '${otherStage.tag}'`])
  const here = live.filter((each) => each.stage === stage)
  const otherTag = nearestTag(
    tag,
    here.flatMap((each) => [...each.serviceTags]),
  )
  if (otherTag) return misspelt({ tag: otherTag.tag, stage }, otherTag.how, [`TAG '${otherTag.tag}'`])
  const [elsewhere] = liveWithTag
  if (elsewhere) {
    const stages = [...new Set(liveWithTag.map((each) => each.stage))].sort().join(', ')
    const text = `'${tag}' is deployed to ${stages}, not to ${stage}.`
    const nearest = { tag, stage: elsewhere.stage, state: elsewhere.state }
    return { text, nearest, mend: mendCommand(tag, stage, { id: elsewhere.snapshotId }) }
  }
  for (const each of live) {
    const nearTag = nearestTag(tag, each.serviceTags)
    const nearStage = each.stage === stage ? undefined : nearestTag(stage, [each.stage])
    if (nearTag && nearStage) {
      const meant = { tag: nearTag.tag, stage: nearStage.tag }
      return misspelt(meant, nearTag.how, [`TAG '${meant.tag}'`, `MODEL_STAGE '${meant.stage}'`])
    }
  }
  return undefined
}

/** `mended`: what the trigger is to say instead. */
function misspelt(meant: { tag: string; stage: string }, how: 'case' | 'spelling', mended: string[]): NearMiss {
  const why = how === 'case' ? 'tags are compared exactly, upper and lower case included' : 'a slip of the pen?'
  return {
    text: `Nearly right: TAG '${meant.tag}' is deployed to MODEL_STAGE '${meant.stage}' (${why}).`,
    nearest: { ...meant, state: 'DEPLOYED' },
    mend: `trigger with ${mended.join(' and ')}`,
  }
}

function whatThereIs(deployed: readonly SeenDeployment[]): string {
  if (deployed.length === 0) return 'nothing is deployed at all'
  const stagesByTag = new Map<string, Set<string>>()
  for (const { serviceTags, stage } of deployed) {
    for (const tag of serviceTags) stagesByTag.set(tag, (stagesByTag.get(tag) ?? new Set()).add(stage))
  }
  const shown = [...stagesByTag].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, 8)
  const more = stagesByTag.size - shown.length
  const list = shown.map(([tag, stages]) => `'${tag}' to ${[...stages].sort().join(', ')}`).join('; ')
  return `deployed are ${list}${more > 0 ? ` and ${more} more` : ''}`
}
