import { AppError, Conflict, InputError, toAppError, Unavailable } from '@rowhouse/contract'
import type { FastifyError, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { invalidFields } from './invalid-fields.ts'
import { findStoreTrouble } from './store-troubles.ts'

/** Whatever a route or the framework threw, as one of our errors. */
export function toRequestError(thrown: unknown, request: FastifyRequest, bodyLimitBytes: number): AppError {
  if (thrown instanceof AppError) return thrown
  if (hasZodFastifySchemaValidationErrors(thrown)) return refusedByRoute(thrown)
  const trouble = findStoreTrouble(thrown)
  if (trouble !== undefined) return trouble
  if (isUnstorable(thrown))
    return new InputError('UnstorableText', 'A text of the request holds the character U+0000, which cannot be stored')
  if (thrown instanceof Error && brokenForm.test(thrown.message))
    return new InputError(
      'BrokenForm',
      `The form cannot be read (${thrown.message}): send multipart/form-data with its boundary, as curl -F does`,
    )
  const { code, statusCode, message } = thrown as Partial<FastifyError>
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge(request.routeOptions.bodyLimit ?? bodyLimitBytes, bodyLimitBytes)
    case 'FST_REQ_FILE_TOO_LARGE':
      return new InputError('BodyTooLarge', `A file in the form is larger than ${mib(bodyLimitBytes)}`, { status: 413 })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new InputError(
        'UnsupportedMediaType',
        `${request.method} ${pathOf(request)} does not take Content-Type '${request.headers['content-type'] ?? ''}': most calls take application/json, /openapi.json tells for each`,
        { status: 415 },
      )
    case 'FST_ERR_BAD_URL':
      return new InputError(
        'BadUrl',
        `The path '${request.url}' is not a valid URL: a % must be followed by two hexadecimal digits (write %25 for a percent sign)`,
      )
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new InputError(
        'BadUrl',
        `A part of the path is longer than any id or name (${pathOf(request).length} characters in all)`,
        {
          status: 414,
        },
      )
    case 'FST_ERR_REOPENED_CLOSE_SERVER':
      return new Unavailable('The server is stopping', 2000)
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new InputError(
      code ?? 'BadRequest',
      message ?? 'Bad request',
      statusCode === 400 ? {} : { status: statusCode },
    )
  return toAppError(thrown)
}

/** Where the route takes less than others, a file is not what it was sent. */
function tooLarge(limitBytes: number, limitBytesOfMost: number): InputError {
  const advice =
    limitBytes < limitBytesOfMost
      ? ''
      : '. Larger files go up with POST /model-manage/api/files (or `moc`), and the document then names them by contentHash'
  return new InputError('BodyTooLarge', `The body is larger than ${mib(limitBytes)}${advice}`, {
    status: 413,
    limitBytes,
  })
}

function mib(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.round(bytes / 1024 / 1024)} MiB` : `${bytes} bytes`
}

interface ZodValidationError {
  validationContext?: string
  validation: { instancePath: string; message?: string }[]
}

function refusedByRoute({ validation, validationContext }: ZodValidationError): InputError {
  const places = { body: 'body', querystring: 'query', params: 'path', headers: 'headers' }
  const place = places[validationContext as keyof typeof places] ?? 'request'
  return invalidFields(
    place,
    validation.map(({ instancePath, message }) => ({
      path: instancePath.split('/').slice(1).map(unescaped),
      message: message ?? 'is not valid',
    })),
  )
}

/** A step of a JSON pointer. */
function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** What the parser of forms says of forms: plain errors without a code. */
const brokenForm =
  /^(?:Unexpected end of (?:multipart data|form)|Multipart: Boundary not found|Malformed part header|Part terminated early)/

/** PostgreSQL's words for a NUL in text and in JSON. */
function isUnstorable(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return thrown instanceof Error && (code === '22021' || code === '22P05')
}

/** The request's path without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url
}

export function staleVersion(what: string, expected: string, version: number): Conflict {
  return new Conflict(
    'StaleRevision',
    `The ${what} has changed: If-Match says ${expected}, it is at version ${version}. Read it again and repeat the change`,
    { status: 412, version },
  )
}
