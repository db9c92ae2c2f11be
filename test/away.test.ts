/** Two rooms that may not know each other tell when the database is away: what is tried again inside is 503 at the door. */
import { expect, test } from 'vitest'
import { findStoreTrouble } from '../packages/http/src/store-troubles.ts'
import { isDatabaseAway } from '../packages/postgres/src/index.ts'

const thrown = (members: object, message = 'x') => Object.assign(new Error(message), members)
const network = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH'],
  ...['ENETDOWN', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'],
]
const states = ['08000', '08006', '25006', '53000', '53100', '53200', '53300', '57P01', '57P02', '57P03']

test.each([
  ...network.map((code): [string, Error] => [code, thrown({ code, syscall: 'connect' })]),
  ...states.map((code): [string, Error] => [code, thrown({ code })]),
  ['a plan that an upgrade outdated', thrown({ code: '0A000', routine: 'RevalidateCachedQuery' })],
  ['a cut connection', thrown({}, 'Connection terminated unexpectedly')],
  ['no connection in time', thrown({}, 'timeout exceeded when trying to connect')],
])('%s is away for both', (_what, error) => {
  expect([isDatabaseAway(error), findStoreTrouble(error) !== undefined]).toEqual([true, true])
})

test.each([
  ['a mistake in a statement', thrown({ code: '42703' })],
  ['a row that is there already', thrown({ code: '23505' })],
  ['something not supported', thrown({ code: '0A000' })],
  ['a full file table of ours', thrown({ code: 'EMFILE', syscall: 'open' })],
])('%s is away for neither', (_what, error) => {
  expect([isDatabaseAway(error), findStoreTrouble(error) !== undefined]).toEqual([false, false])
})
