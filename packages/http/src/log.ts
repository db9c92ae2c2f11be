import type { FastifyRequest } from 'fastify'

/** Where JSON log lines go; the default is stderr. */
export interface LogOptions {
  level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  stream?: { write(line: string): void }
}

/** Fastify's logger settings: JSON lines, nothing secret. */
export function loggerOptions({ level = 'info', stream = process.stderr }: LogOptions) {
  return {
    level,
    stream,
    redact: {
      paths: [
        'password',
        'token',
        'access_token',
        'refresh_token',
        'secret',
        'secretKey',
        'authorization',
        'headers.authorization',
        'headers.cookie',
        'req.headers.authorization',
        '*.password',
        '*.token',
        '*.authorization',
      ],
      censor: '[removed]',
    },
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, url: withoutSecrets(request.url) }),
      err: (error: Error & { code?: unknown }) => ({
        type: error.name,
        code: error.code,
        message: withoutSecrets(error.message),
        stack: withoutSecrets(error.stack ?? ''),
      }),
    },
  }
}

/**
 * `scheme://user:password@host` → `scheme://host`, anywhere in a text. Passwords with `/` in them (AWS keys) are not valid there and are
 * common; `http://host:8080/a@b` has none. `put` says what stands in place of `user:password@`.
 */
export function withoutUserParts(text: string, put: (userPart: string) => string = () => ''): string {
  if (!text.includes('@')) return text
  return text.replace(
    /([a-z][a-z0-9+.-]*:\/\/)((?:[^\s/@:?#"']+:(?!\d{1,5}\/)[^\s@?#"']*|[^\s/@?#"']+)@)/gi,
    (_, scheme: string, userPart: string) => scheme + put(userPart),
  )
}

/** Without user parts of URLs; values of query members that look secret are removed. */
export function withoutSecrets(text: string): string {
  return withoutUserParts(text).replace(
    /([?&](?:access_token|refresh_token|token|password|secret|key|X-Amz-Signature|X-Amz-Credential|sig)=)[^&\s"']*/gi,
    '$1[removed]',
  )
}
