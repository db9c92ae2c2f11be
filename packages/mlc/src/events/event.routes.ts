import { DomainEvent } from '@rowhouse/contract'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { noContent } from '../answers.ts'
import { invalidRequest } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { receiveEvent } from './receive-event.ts'

export function eventRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post(
    '/events',
    { config: { access: ['internal'] }, schema: { hide: true } as FastifySchema },
    async (request, reply) => {
      const parsed = DomainEvent.safeParse(request.body)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw invalidRequest(`The event's '${issue?.path.join('.') ?? ''}' is not as expected: ${issue?.message ?? ''}`)
      }
      await receiveEvent(ctx, parsed.data)
      return noContent(reply)
    },
  )
}
