import type { InstanceRow, StepResult, TypedValue } from '@rowhouse/bpmn'
import type { ProcessInstanceBody } from '@rowhouse/contract'
import { restProblem } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import type { DefinitionRow } from '../definitions/deployment-store.ts'
import { deliverKeptMessages } from '../message/kept-messages.ts'
import { isEngineFailure } from './failure.ts'
import { inUnit } from './unit.ts'

export interface StartWish {
  definition: DefinitionRow
  businessKey: string | null
  variables: Record<string, TypedValue>
  startUserId: string | null
}

/** Camunda's start: synchronously to the next wait state; a failure before it leaves nothing. */
export async function startInstanceByDefinition(ctx: MlcContext, wish: StartWish): Promise<StepResult> {
  const { definition } = wish
  const prefix = `Cannot instantiate process definition ${definition.id}: `
  if (definition.is_suspended) throw restProblem(500, `${prefix}${suspendedMessage(definition)}`)
  const graph = await ctx.graphs.get(ctx.database.kysely, definition.id)
  try {
    const { result, awaited } = await inUnit(ctx, async (unit) => {
      const request = {
        instanceId: ctx.newId(),
        definitionId: definition.id,
        businessKey: wish.businessKey,
        tenantId: definition.tenant_id,
        startUserId: wish.startUserId,
        variables: wish.variables,
        commitAtStart: false,
      }
      return unit.start(graph, request)
    })
    await deliverKeptMessages(ctx, awaited)
    return result
  } catch (error) {
    throw isEngineFailure(error) ? restProblem(500, `${prefix}${error.message}`) : error
  }
}

function suspendedMessage(definition: DefinitionRow): string {
  return `ENGINE-03042 Cannot start process instance. Process definition (id=${definition.id}, name=${definition.name}) is suspended`
}

export function toInstanceBody(instance: InstanceRow, links: unknown[] = []): ProcessInstanceBody {
  return {
    links,
    id: instance.id,
    definitionId: instance.definitionId,
    definitionKey: instance.definitionKey,
    businessKey: instance.businessKey,
    caseInstanceId: null,
    ended: instance.endedAt !== null,
    suspended: instance.state === 'SUSPENDED',
    tenantId: instance.tenantId,
  }
}
