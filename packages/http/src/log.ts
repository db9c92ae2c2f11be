import { AppError } from '@rowhouse/contract'
import type { FastifyRequest } from 'fastify'
import { withoutSecrets } from './url-secrets.ts'

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
        stack: isForeseen(error) ? '' : withoutSecrets(error.stack ?? ''),
      }),
    },
  }
}

/** Its sentence says all: nobody looks for it in our code. */
function isForeseen(error: Error): boolean {
  return error instanceof AppError && error.kind !== 'Bug'
}
