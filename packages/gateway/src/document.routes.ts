import type { App } from '@rowhouse/http'
import { documentPage, documentPagePolicy } from './document-page.ts'

/** The API in words: `/openapi.json`, and `/docs` to read it. */
export function documentRoutes(app: App): void {
  let document: string | undefined
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return reply.type('application/json').serializer(String).send(document)
  })
  app.get('/docs', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
    // the page names the document beside itself
    if (request.url.split('?', 1)[0]?.endsWith('/')) return reply.redirect('../docs')
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', documentPagePolicy)
      .serializer(String)
      .send(documentPage)
  })
}
