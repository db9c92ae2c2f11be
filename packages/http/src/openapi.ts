/** /openapi.json from the routes' schemas. Shapes of the contract that requests are made of stand once, under their names. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import * as contract from '@rowhouse/contract'
import type { FastifySchema } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'

export function documentOptions(info: {
  title: string
  version: string
  description: string
}): FastifyDynamicSwaggerOptions {
  const settings = { schemaRegistry: namedShapes(), zodToJsonConfig: { unrepresentable: 'any' } } as const
  const complete = createJsonSchemaTransformObject(settings)
  const inJson = createJsonSchemaTransform(settings)
  return {
    openapi: {
      openapi: '3.1.0',
      info,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
    transform: (route) => {
      const { schema, url } = route
      return inJson({ ...route, schema: { ...schema, response: answersOf(String(route.route.method), url) } })
    },
    transformObject: (document) => {
      const made = complete(document) as OpenApiDocument
      return { ...made, components: { ...made.components, schemas: referenced(made) } } as ReturnType<typeof complete>
    },
  }
}

function answersOf(method: string, path: string): NonNullable<FastifySchema['response']> {
  const { status, meaning, shape } = contract.answerOf(method, path)
  const failure = contract.failureOf(path)
  const [type, schema] = shape === undefined ? ['*/*', z.unknown()] : ['application/json', shape]
  return {
    // of `null` the generator makes an answer without a body
    [status]: status === '204' ? z.null().describe(meaning) : { description: meaning, content: { [type]: { schema } } },
    default: { description: 'It failed, and why', content: { [failure.contentType]: { schema: failure.shape } } },
  }
}

interface OpenApiDocument {
  paths?: unknown
  components?: { schemas?: Record<string, unknown> }
}

/** The generator adds `Input` to the names of what is sent: `JobInput` is registered as `Job`. What is answered keeps its name. */
function namedShapes() {
  const registry = z.registry<{ id: string }>()
  for (const [name, shape] of Object.entries(contract)) {
    const isAnswer = /Body$/.test(name) && name !== 'SignalBody'
    if (shape instanceof z.ZodType)
      registry.add(shape, { id: isAnswer ? name : name.replace(/(Input|Body|Content)$/, '') })
  }
  return registry
}

/** Of all named shapes those that the paths lead to. */
function referenced({ paths, components }: OpenApiDocument): Record<string, unknown> {
  const schemas = components?.schemas ?? {}
  const found: Record<string, unknown> = {}
  const follow = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value ?? null).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || name in found || !(name in schemas)) continue
      found[name] = schemas[name]
      follow(schemas[name])
    }
  }
  follow(paths)
  return found
}
