import { expect, test } from 'vitest'
import { environmentOfRuntime } from './children.ts'

test('a runtime gets neither the password of the administrator nor the address of the database', () => {
  const kept = { PATH: '/bin', TZ: 'UTC', ROWHOUSE_RUNTIME_PYTHON: 'python3.12', ROWHOUSE_FROM_SOURCE: '1' }
  const secret = { ROWHOUSE_ADMIN_PASSWORD: 'x', ROWHOUSE_DATABASE_URL: 'postgres://u:p@h/d', PGPASSWORD: 'x' }
  expect(environmentOfRuntime({ ...kept, ...secret })).toEqual(kept)
})
