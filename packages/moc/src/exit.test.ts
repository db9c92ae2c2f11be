import { BpmnError, Conflict, Denied, InputError, NotFound, Unavailable, Unmet } from '@rowhouse/contract'
import { expect, it } from 'vitest'
import { Exit, explain } from './exit.ts'

it.each([
  [new InputError('X', 'x'), 2],
  [new NotFound('job', '1'), 3],
  [new Denied('Unauthenticated', 'x'), 4],
  [new Conflict('StaleRevision', 'x'), 5],
  [new Unmet('NoMatchingRuntime', 'x'), 1],
  [new Unavailable('x'), 1],
  [new BpmnError('E', 'x'), 1],
  [new Error('x'), 1],
  [new Exit(7), 7],
])('%s ends with exit code %i', (error, code) => {
  expect(explain(error).code).toBe(code)
})

it('a failed match says what each runtime lacks and what would mend it', () => {
  const seen = [
    {
      id: '1',
      name: 'dev-1',
      tags: ['DEV'],
      predicates: [
        { predicate: 'alive', passed: true, detail: 'is alive' },
        { predicate: 'stage', passed: false, detail: "lacks tag 'PROD'" },
      ],
    },
  ]
  const error = new Unmet('NoMatchingRuntime', 'No runtime matches', { seen, mend: 'moc runtime tag add dev-1 PROD' })
  expect(explain(error).text).toBe(
    "moc: No runtime matches\n  dev-1: lacks tag 'PROD'\nTry: moc runtime tag add dev-1 PROD",
  )
})

it('what would mend it is not told twice', () => {
  const error = new Unmet('ModelNotDeployed', 'It is not deployed. To mend: moc deployment create 7', {
    mend: 'moc deployment create 7',
  })
  expect(explain(error).text).toBe('moc: It is not deployed. To mend: moc deployment create 7')
})

it('an id that is not found leads to the list of those that are', () => {
  expect(explain(new NotFound('deployed model', 'x')).text).toMatch(/with id 'x'\n.*See: moc deployment ls$/)
  expect(explain(new NotFound('content', 'x', 'nothing yet')).text).toBe('moc: nothing yet')
})

it('an ended session says how to sign in again', () => {
  expect(explain(new Denied('Unauthenticated', 'You are not signed in')).text).toContain('moc credentials')
})
