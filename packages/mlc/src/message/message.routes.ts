import type { VariableMap } from '@rowhouse/contract'
import type { FastifyInstance } from 'fastify'
import { callerName, noContent } from '../answers.ts'
import { invalidRequest } from '../camunda-problems.ts'
import { parseVariables, toWireVariables } from '../camunda-values.ts'
import type { MlcContext } from '../context.ts'
import { toInstanceBody } from '../instances/start-instance.ts'
import { bodyOf } from '../lists/list-resource.ts'
import { textOf } from '../members.ts'
import { type Correlated, correlateMessage, type MessageWish } from './correlate-message.ts'

export function messageRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post('/message', async (request, reply) => {
    const body = bodyOf(request)
    const correlated = await correlateMessage(ctx, parseMessage(body, callerName(request)))
    if (body.resultEnabled !== true) return noContent(reply)
    return correlated.map((one) => resultBody(one, body.variablesInResultEnabled === true))
  })
}

function parseMessage(body: Record<string, unknown>, caller: string | null): MessageWish {
  const name = textOf(body, 'messageName')
  if (name === null || name === '') throw invalidRequest('No message name supplied')
  if (body.variablesInResultEnabled === true && body.resultEnabled !== true) {
    throw invalidRequest("Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.")
  }
  const values = (member: string) => parseVariables((body[member] ?? {}) as VariableMap, 'Cannot deliver message: ')
  const wish: MessageWish = {
    name,
    businessKey: textOf(body, 'businessKey'),
    processInstanceId: textOf(body, 'processInstanceId'),
    correlationKeys: values('correlationKeys'),
    localCorrelationKeys: values('localCorrelationKeys'),
    variables: values('processVariables'),
    localVariables: { ...values('processVariablesLocal'), ...values('processVariablesToTriggeredScope') },
    all: body.all === true,
    caller,
  }
  const tenantId = textOf(body, 'tenantId')
  if (tenantId !== null && body.withoutTenantId === true) {
    throw invalidRequest("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
  }
  if (tenantId !== null) wish.tenantId = tenantId
  else if (body.withoutTenantId === true) wish.tenantId = null
  return wish
}

function resultBody(correlated: Correlated, withVariables: boolean) {
  const { instance } = correlated
  const execution =
    correlated.kind === 'execution'
      ? {
          id: correlated.executionId,
          processInstanceId: instance.id,
          ended: correlated.hasEnded,
          tenantId: instance.tenantId,
        }
      : null
  return {
    resultType: correlated.kind === 'execution' ? 'Execution' : 'ProcessDefinition',
    execution,
    processInstance: correlated.kind === 'definition' ? toInstanceBody(instance) : null,
    ...(withVariables ? { variables: toWireVariables(Object.entries(correlated.variables)) } : {}),
  }
}
