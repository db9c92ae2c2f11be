import { z } from 'zod'

/** Who may call a route, other than by the default (people and the other wing). */
export const readers = { config: { access: ['user', 'internal', 'runtime'] as const } }
export const runtimes = { config: { access: ['runtime', 'internal'] as const } }

/** Pieces of route schemas; with them /openapi.json tells what a route takes. */
export const idParams = z.object({ id: z.string().describe('Id of the document') })
export const pageQuery = z.looseObject({
  page: z.string().optional().describe('Number of the page, from 0'),
  size: z.string().optional().describe('Documents on a page, 20 unless told'),
  sort: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Field and direction, such as createdDate,desc; may be repeated'),
})
/** `a,b` or given twice: both are several, as Spring reads them. */
export const oneOrSeveral = z
  .union([z.string(), z.array(z.string())], { error: 'expected a text, or several' })
  .transform((given) =>
    [given]
      .flat()
      .flatMap((each) => each.split(','))
      .map((each) => each.trim()),
  )
export const nameQuery = pageQuery.extend({ name: z.string().min(1) })
export const patchBody = z
  .looseObject({})
  .describe('JSON merge patch: null takes a member away, lists are replaced whole')

/** Summary under the collection's heading. */
export function tagged(tag: string): (summary: string) => { summary: string; tags: string[] } {
  return (summary) => ({ summary, tags: [tag] })
}
