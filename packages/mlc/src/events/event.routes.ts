import { DomainEvents, type TakenEvents } from '@rowhouse/contract'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { invalidRequest } from '../camunda-problems.ts'
import type { MlcContext } from '../context.ts'
import { receiveEvents } from './receive-events.ts'

export function eventRoutes(app: FastifyInstance, ctx: MlcContext): void {
  app.post(
    '/events',
    { config: { access: ['internal'] }, schema: { hide: true } as FastifySchema },
    async (request) => {
      const parsed = DomainEvents.safeParse(request.body)
      if (!parsed.success) {
        const issue = parsed.error.issues[0]
        throw invalidRequest(`The events' '${issue?.path.join('.') ?? ''}' is not as expected: ${issue?.message ?? ''}`)
      }
      const answer: TakenEvents = { taken: await receiveEvents(ctx, parsed.data.events) }
      return answer
    },
  )
}
