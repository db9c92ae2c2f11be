import { InputError } from '@rowhouse/contract'
import type { z } from 'zod'

/** Parses what a route's schema left open; a failure names the member and what is wrong with it. */
export function parseAs<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const violations = parsed.error.issues.map((issue) => ({
    field: issue.path.reduce<string>(
      (path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`),
      where,
    ),
    message: issue.message.replace(/^Invalid input: /, ''),
  }))
  throw new InputError('InvalidField', violations.map(({ field, message }) => `'${field}': ${message}`).join('; '), {
    violations,
  })
}
