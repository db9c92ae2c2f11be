import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseAs } from './invalid-fields.ts'

test.each<[z.ZodType, unknown, string]>([
  [
    z.object({ a: z.array(z.object({ b: z.string() })) }),
    { a: [{}] },
    "Field 'a[0].b' of the body: is missing (string expected)",
  ],
  [z.object({ a: z.string() }), { a: ['x', 'y'] }, "Field 'a' of the body: expected one text, received several"],
  [z.object({ a: z.string().min(1) }), { a: '' }, "Field 'a' of the body: must not be empty"],
  [z.object({ a: z.int().min(1).max(9) }), { a: 0 }, "Field 'a' of the body: must be 1 or more"],
  [z.object({ a: z.int().min(1).max(9) }), { a: 10 }, "Field 'a' of the body: must be 9 or less"],
  [z.object({}), null, 'The body: is missing (object expected)'],
  [z.object({}), [], 'The body: expected object, received array'],
])("what a schema refuses is told in a reader's words: %#", (schema, value, message) => {
  expect(() => parseAs(schema, value)).toThrow(message)
})
