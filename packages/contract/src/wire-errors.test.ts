import { describe, expect, it } from 'vitest'
import { type AppError, BpmnError, Bug, Conflict, Denied, InputError, NotFound, Unavailable, Unmet } from './errors.ts'
import { fromErrorResponse, httpStatus, toCamundaError, toProblem } from './wire-errors.ts'

const context = { path: '/model-manage/api/jobs', requestId: 'r-1', now: new Date('2026-01-02T03:04:05.678Z') }

const errors: [AppError, number][] = [
  [new InputError('InvalidField', "'x' is wrong", { field: 'x' }), 400],
  [new InputError('ContentTooLarge', 'too large', { status: 413 }), 413],
  [new NotFound('job', '1'), 404],
  [new Conflict('LeaseLost', 'lost'), 409],
  [new Conflict('StaleRevision', 'changed', { status: 412 }), 412],
  [new Denied('Unauthenticated', 'no token'), 401],
  [new Denied('Forbidden', 'not yours'), 403],
  [new Unmet('NoMatchingRuntime', 'none', { seen: [{ name: 'a' }], tags: ['t'] }), 422],
  [new Unavailable('away', 5000), 503],
]

describe('a problem', () => {
  it.each(errors)('%s is read back as the same error', (error, status) => {
    const problem = toProblem(error, context)
    expect(problem.status).toBe(status)
    const back = fromErrorResponse(problem.status, JSON.parse(JSON.stringify(problem.body)))
    expect({ kind: back.kind, code: back.code, message: back.message }).toEqual({
      kind: error.kind,
      code: error.code,
      message: error.message,
    })
    expect(back.data).toMatchObject(error.data)
    expect(httpStatus(back)).toBe(status)
  })

  it('has the members of RFC 9457 and those that Spring clients read', () => {
    const { body } = toProblem(new InputError('InvalidField', "'x' is wrong"), context)
    expect(body).toEqual({
      type: 'urn:rowhouse:problem:InvalidField',
      title: 'Bad Request',
      status: 400,
      detail: "'x' is wrong",
      code: 'InvalidField',
      timestamp: '2026-01-02T03:04:05.678Z',
      error: 'Bad Request',
      message: "'x' is wrong",
      instance: '/model-manage/api/jobs',
      path: '/model-manage/api/jobs',
      requestId: 'r-1',
    })
  })

  it('tells nothing of a bug but the request id', () => {
    const { status, body } = toProblem(new Bug('password was hunter2', { secret: 'hunter2' }), context)
    expect(status).toBe(500)
    expect(JSON.stringify(body)).not.toContain('hunter2')
    expect(body.message).toBe('internal error (request id r-1)')
  })
})

describe("Camunda's dialect", () => {
  it.each([
    [new InputError('X', 'x'), 400, 'InvalidRequestException', null],
    [new InputError('ParseError', 'x'), 400, 'ParseException', null],
    [new NotFound('job', '1'), 404, 'InvalidRequestException', null],
    [new Conflict('Other', 'x'), 400, 'InvalidRequestException', null],
    [new Conflict('StaleRevision', 'x'), 500, 'OptimisticLockingException', 1],
    [new Denied('Unauthenticated', 'x'), 401, 'InvalidRequestException', null],
    [new Denied('Forbidden', 'x'), 403, 'AuthorizationException', null],
    [new Unavailable('x'), 503, 'InvalidRequestException', null],
    [new BpmnError('E', 'x'), 422, 'InvalidRequestException', null],
    [new Bug('x'), 500, 'ProcessEngineException', 0],
  ])('%s is %i %s', (error, status, type, code) => {
    const answer = toCamundaError(error, context)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ type, code })
  })

  it('takes the oddity that the throwing place attached', () => {
    const error = new InputError('NoDefinition', 'none', {
      camunda: { type: 'RestException', status: 404, code: null },
    })
    expect(toCamundaError(error, context)).toEqual({
      status: 404,
      body: { type: 'RestException', message: 'none', code: null },
    })
  })

  it.each([
    ['ProcessEngineException', "ENGINE-09003 Could not parse 'a.bpmn'", 'InputError', 'InputError'],
    ['OptimisticLockingException', 'changed meanwhile', 'Conflict', 'StaleRevision'],
    ['ProcessEngineException', 'internal error (request id r-1)', 'Bug', 'Bug'],
  ])('500 %s "%s" is read back as %s', (type, message, kind, code) => {
    const back = fromErrorResponse(500, { type, message, code: 0 })
    expect({ kind: back.kind, code: back.code, message: back.message }).toEqual({ kind, code, message })
  })

  it('is read back with its kind by the status', () => {
    const back = fromErrorResponse(404, { type: 'InvalidRequestException', message: 'gone', code: null })
    expect({ kind: back.kind, message: back.message }).toEqual({ kind: 'NotFound', message: 'gone' })
  })
})

it.each([
  [502, '<html>bad gateway</html>', 'Unavailable', '<html>bad gateway</html>'],
  [504, '', 'Unavailable', 'HTTP 504'],
  [500, '<html>oops</html>', 'Bug', '<html>oops</html>'],
  [418, undefined, 'InputError', 'HTTP 418'],
])('an answer %i of somebody else becomes an error that quotes it', (status, body, kind, message) => {
  const error = fromErrorResponse(status, body)
  expect({ kind: error.kind, message: error.message }).toEqual({ kind, message })
})
