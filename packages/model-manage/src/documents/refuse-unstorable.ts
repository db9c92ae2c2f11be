import { InputError } from '@rowhouse/contract'
import type { FastifyRequest } from 'fastify'
import { isRecord } from './merge-patch.ts'

/** What people send is stored as it is or not at all: PostgreSQL holds neither NUL nor half a surrogate pair. */
export async function refuseUnstorable(request: FastifyRequest): Promise<void> {
  const { access } = request.routeOptions.config
  // what runtimes say of their models is made storable instead: the work is done
  const isOfPeople = access === undefined || access.includes('user')
  if (isOfPeople && request.body !== undefined) look(request.body, '')
}

function look(value: unknown, path: string): void {
  if (typeof value === 'string') check(value, path)
  else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) look(each, `${path}[${index}]`)
  } else if (isRecord(value) && !(Symbol.asyncIterator in value)) {
    for (const [name, each] of Object.entries(value)) {
      check(name, path)
      look(each, path === '' ? name : `${path}.${name}`)
    }
  }
}

function check(text: string, path: string): void {
  const isNul = text.includes('\u0000')
  if (!isNul && text.isWellFormed()) return
  const what = isNul ? 'the character U+0000' : 'half a surrogate pair, which is no character'
  const where = path === '' ? 'The body' : `'${path}'`
  throw new InputError(
    'UnstorableText',
    `${where} holds ${what}: it cannot be stored as text. Bytes of a file go into 'fileContent', in base64`,
    {
      field: path,
    },
  )
}
