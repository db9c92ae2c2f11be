import { expect, it } from 'vitest'
import { rest, startMlc } from './mlc-server.ts'

interface Shape {
  $ref?: string
  properties?: Record<string, unknown>
}

interface Operation {
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Shape }> }
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Shape> }
}

async function readDocument(): Promise<Document> {
  const { app } = await startMlc({ openapi: true })
  return app.swagger() as unknown as Document
}

it('each route tells in /openapi.json what it does, under a heading, with the parameters of its path', async () => {
  const { paths } = await readDocument()
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, path, operation })),
  )
  expect(operations.length).toBeGreaterThan(100)
  const silent = operations.filter(({ operation }) => !operation.summary || !operation.tags?.length)
  expect(silent.map(({ route }) => route)).toEqual([])
  const incomplete = operations.filter(({ path, operation }) => {
    const named = operation.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    return wanted.join() !== (named ?? []).join()
  })
  expect(incomplete.map(({ route }) => route)).toEqual([])
})

it('bodies, filters and sorting are told; the copy below the engine and calls between wings are not', async () => {
  const { paths, components } = await readDocument()
  const named = (shape: Shape | undefined) =>
    shape?.$ref === undefined ? shape : components?.schemas?.[shape.$ref.split('/').at(-1) ?? '']
  const operation = (method: string, path: string) => paths[`${rest}${path}`]?.[method]
  const members = (of: Operation | undefined, type = 'application/json') =>
    Object.keys(named(of?.requestBody?.content[type]?.schema)?.properties ?? {})
  expect(members(operation('post', '/signalResponsive'))).toEqual(expect.arrayContaining(['name', 'variables']))
  expect(members(operation('post', '/deployment/create'), 'multipart/form-data')).toContain('deployment-name')
  const incidents = operation('get', '/incident')?.parameters?.map(({ name }) => name)
  expect(incidents).toEqual(expect.arrayContaining(['processInstanceId', 'sortBy', 'maxResults']))
  expect(members(operation('post', '/history/process-instance'))).toContain('processInstanceIds')
  expect(Object.keys(paths).filter((path) => /engine\/default|\/events$/.test(path))).toEqual([])
})

it('what a route tells of itself is no check: requests of any shape get the answers of Camunda', async () => {
  const server = await startMlc()
  const wrong = await server.call('POST', '/signal', { name: 'nobody', variables: null, executionId: null, more: 1 })
  expect(wrong.status).toBe(204)
  const retries = await server.call('PUT', '/job/nope/retries', { retries: 'many' })
  expect(retries.body).toMatchObject({ type: expect.any(String), message: expect.any(String) })
  expect((await server.call('GET', '/task?unknownFilter=1&assignee=')).status).toBe(200)
})
