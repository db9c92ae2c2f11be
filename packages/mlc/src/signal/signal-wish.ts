import type { TypedValue } from '@rowhouse/bpmn'
import type { SignalBody } from '@rowhouse/contract'
import { invalidRequest } from '../camunda-problems.ts'
import { parseVariables } from '../camunda-values.ts'
import type { WaitingFilter } from './receivers.ts'

export interface SignalWish extends WaitingFilter {
  name: string
  executionId: string | null
  variables: Record<string, TypedValue>
}

/** `prefixed`: a wrong variable is named in the message (Camunda's `/signal` names none). */
export function parseSignal(body: SignalBody, prefixed: boolean): SignalWish {
  const { name } = body
  if (name === undefined || name === null || name === '') throw invalidRequest('No signal name given')
  const executionId = body.executionId ?? null
  if (executionId !== null && (body.tenantId || body.withoutTenantId)) {
    throw invalidRequest('Cannot specify a tenant-id when deliver a signal to a single execution.')
  }
  const prefix = (variable: string) => (prefixed ? `Cannot throw signal '${name}': variable '${variable}': ` : '')
  const variables = parseVariables(body.variables, prefix)
  const wish: SignalWish = { name, executionId, variables }
  if (body.tenantId) wish.tenantId = body.tenantId
  else if (body.withoutTenantId) wish.tenantId = null
  return wish
}
