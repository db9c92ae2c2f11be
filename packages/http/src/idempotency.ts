import { createHash } from 'node:crypto'
import { Conflict, InputError } from '@rowhouse/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** The `Idempotency-Key` header: 1 to 255 printable characters. */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  const key = String(header).trim()
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) {
    throw new InputError('InvalidField', 'Idempotency-Key must be 1 to 255 printable ASCII characters', {
      field: 'Idempotency-Key',
    })
  }
  return key
}

/** Tells whether two bodies say the same: the order of members and white space do not count. */
export function fingerprint(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    members.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Sends the first request's answer again, marked. */
export function sendReplayed(reply: FastifyReply, { status, body }: { status: number; body: unknown }): FastifyReply {
  return reply.code(status).header('idempotency-replayed', 'true').send(body)
}

/** 409: the key was used for another body. */
export function keyReused(key: string): Conflict {
  return new Conflict(
    'IdempotencyKeyReused',
    `Idempotency-Key '${key}' was used with another body within the last 7 days; use a new key for a new request`,
  )
}
