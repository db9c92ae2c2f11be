import { InputError, NotFound } from '@rowhouse/contract'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { pathOf } from './request-errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Each path that is answered, as a pattern, with its methods. */
    answeredPaths: Map<string, { pattern: RegExp; methods: Set<string> }>
  }
}

/** Writes down which paths are answered, so that a wrong method can be told from a wrong path. */
export function noteAnsweredPaths(app: FastifyInstance): void {
  const paths: FastifyInstance['answeredPaths'] = new Map()
  app.decorate('answeredPaths', paths)
  app.addHook('onRoute', ({ url, method }) => {
    const known = paths.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    for (const each of Array.isArray(method) ? method : [method]) known.methods.add(each)
    paths.set(url, known)
  })
}

/** `/jobs/:id/cancel` */
function patternOf(url: string): RegExp {
  const steps = url.split('/').map((step) => {
    if (step.startsWith(':')) return '[^/]+'
    return step === '*' ? '.*' : step.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  })
  return new RegExp(`^${steps.join('/')}/?$`)
}

/** Nothing answers: 405 with the methods that are, where the path is one of ours, else 404. */
export function unanswered(app: FastifyInstance, request: FastifyRequest): InputError | NotFound {
  const path = pathOf(request)
  const methods = [...app.answeredPaths.values()].flatMap((each) => (each.pattern.test(path) ? [...each.methods] : []))
  const allow = [...new Set(methods)].sort()
  if (allow.length === 0)
    return new NotFound('path', path, `Nothing answers ${request.method} ${path}; /openapi.json lists what does`)
  return new InputError('MethodNotAllowed', `${path} does not take ${request.method}, but ${allow.join(', ')}`, {
    status: 405,
    allow,
  })
}
