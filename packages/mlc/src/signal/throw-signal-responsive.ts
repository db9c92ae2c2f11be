import { Conflict, NotFound, runBatchJobSignal, type SignalResponsiveBody, signalPrefix } from '@rowhouse/contract'
import { keyReused } from '@rowhouse/http'
import { claimIdempotencyKey, type IdempotentAnswer, storeIdempotentAnswer } from '@rowhouse/postgres'
import type { MlcContext } from '../context.ts'
import { toInstanceBody } from '../instances/start-instance.ts'
import { inUnit, type Unit } from '../instances/unit.ts'
import { findStarts, findWaiting, listStartSignals, type StartReceiver, type WaitingReceiver } from './receivers.ts'
import type { SignalWish } from './signal-wish.ts'

export interface IdempotencyWish {
  caller: string
  path: string
  key: string
  fingerprint: string
}

export interface SignalAnswer {
  body: SignalResponsiveBody
  /** Set: the answer of the first request with this key. */
  replay: IdempotentAnswer | null
}

const schema = 'mlc'

/**
 * The signal whose answer says what it did. In one transaction each started instance is committed at its start event, each woken
 * execution gets a piece of due work, and the idempotency key is stored; everything further runs by due work, so the id is
 * always valid, an error in a diagram becomes an incident under it, and one receiver's failure undoes nobody else's work.
 */
export async function throwSignalResponsive(
  ctx: MlcContext,
  wish: SignalWish,
  options: { caller: string | null; idempotency: IdempotencyWish | null; instanceLink: (id: string) => unknown },
): Promise<SignalAnswer> {
  const { idempotency } = options
  const { result } = await inUnit(ctx, async (unit): Promise<SignalAnswer> => {
    if (idempotency !== null) {
      const claim = await claimIdempotencyKey(unit.tx, { schema, ...idempotency })
      if (claim.conflict) throw reusedKey(idempotency.key)
      if (claim.replay !== null) return { body: claim.replay.body as SignalResponsiveBody, replay: claim.replay }
    }
    const body = await reach(ctx, unit, wish, options)
    if (idempotency !== null) await storeIdempotentAnswer(unit.tx, { schema, ...idempotency }, { status: 200, body })
    return { body, replay: null }
  })
  for (const warning of result.body.warnings ?? []) ctx.log.warn({ signal: wish.name }, warning)
  return result
}

/** 409 in this dialect too, where other conflicts are 400. */
function reusedKey(key: string): Conflict {
  const { code, message } = keyReused(key)
  return new Conflict(code, message, { status: 409 })
}

async function reach(
  ctx: MlcContext,
  unit: Unit,
  wish: SignalWish,
  options: { caller: string | null; instanceLink: (id: string) => unknown },
): Promise<SignalResponsiveBody> {
  const waiting = await findWaiting(unit.tx, wish.name, wish)
  const starts = wish.executionId === null ? await findStarts(unit.tx, 'signal', wish.name, wish) : []
  const notified = await wakeLater(unit, waiting, wish)
  if (starts.length === 0 && notified.length === 0) throw nobodyListens(wish, await listStartSignals(unit.tx, namesMax))
  const processInstances = []
  for (const start of starts) {
    const instance = await startAtStartEvent(ctx, unit, start, wish, options.caller)
    processInstances.push(toInstanceBody(instance, [options.instanceLink(instance.id)]))
  }
  const body: SignalResponsiveBody = {
    processInstanceId: processInstances[0]?.id ?? null,
    processInstances,
    notifiedExecutions: notified.map(({ executionId, instanceId }) => ({
      id: executionId,
      processInstanceId: instanceId,
    })),
  }
  if (starts.length > 1) body.warnings = [severalStarted(wish, starts)]
  return body
}

async function wakeLater(
  unit: Unit,
  waiting: readonly WaitingReceiver[],
  wish: SignalWish,
): Promise<WaitingReceiver[]> {
  await unit.load(waiting.map((receiver) => receiver.instanceId))
  const reached = waiting.filter(({ instanceId, subscriptionId }) =>
    unit.get(instanceId)?.subscriptions.some((row) => row.id === subscriptionId),
  )
  for (const { instanceId, subscriptionId } of reached) {
    unit.apply(instanceId, { type: 'deliver-later', subscriptionId, variables: wish.variables })
  }
  return reached
}

async function startAtStartEvent(
  ctx: MlcContext,
  unit: Unit,
  start: StartReceiver,
  wish: SignalWish,
  caller: string | null,
) {
  const graph = await ctx.graphs.get(unit.tx, start.definition.id)
  const result = unit.start(graph, {
    instanceId: ctx.newId(),
    definitionId: start.definition.id,
    startActivityId: start.activityId,
    businessKey: null,
    tenantId: start.definition.tenant_id,
    startUserId: caller,
    variables: wish.variables,
    commitAtStart: true,
  })
  return result.aggregate.instance
}

function severalStarted(wish: SignalWish, starts: readonly StartReceiver[]): string {
  const keys = starts.map(({ definition }) => `'${definition.key}'`).join(', ')
  return `${starts.length} process definitions start on the signal '${wish.name}': ${keys}. All were started, ordered by key; processInstanceId is the first`
}

/** Of signals that are told to who has misspelt one. */
const namesMax = 10

function nobodyListens(wish: SignalWish, known: readonly string[]): NotFound {
  const others = known.length === 0 ? '' : `: definitions start on ${known.map((name) => `'${name}'`).join(', ')}`
  const hint =
    wish.name === runBatchJobSignal
      ? 'Deploy RunBatchJob.bpmn (moc mlc deploy definitions/RunBatchJob.bpmn), or activate its definition if it is suspended'
      : wish.name === `${signalPrefix}deployable_model_changed`
        ? 'Deploy DeployBatchModel.bpmn (moc mlc deploy definitions/DeployBatchModel.bpmn)'
        : `Deploy a definition whose start event is the signal '${wish.name}' (moc mlc deploy <file>), or check the spelling of the name${others}`
  const who =
    wish.executionId === null ? 'No process definition starts on' : `Execution '${wish.executionId}' does not wait for`
  const more = wish.executionId === null ? ' and no execution waits for it' : ''
  return new NotFound('signal', wish.name, `${who} the signal '${wish.name}'${more}: nothing was done. ${hint}`, {
    signal: wish.name,
  })
}
