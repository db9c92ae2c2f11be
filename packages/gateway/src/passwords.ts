import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { Unavailable } from '@rowhouse/contract'

/** 32 MiB and about 80 ms for each guess. */
const cost = { N: 2 ** 15, r: 8, p: 1 }
const hashBytes = 32
const atOnceMax = 2
const waitingMax = 50

let running = 0
const waiting: (() => void)[] = []

/** `scrypt$N$r$p$salt$hash` */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

const nobody = `scrypt$${cost.N}$${cost.r}$${cost.p}$${randomBytes(16).toString('base64url')}$${randomBytes(hashBytes).toString('base64url')}`

/** Takes as long for a user who does not exist (undefined) as for one who does. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = (stored ?? nobody).split('$')
  const expected = Buffer.from(hash, 'base64url')
  const found = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) })
  return timingSafeEqual(found, expected) && stored !== undefined
}

/** Few at once: many sign-ins do not take the machine's memory. */
async function derive(password: string, salt: Buffer, { N, r, p }: typeof cost): Promise<Buffer> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax) throw new Unavailable('Too many sign-ins at once; try again in a moment', 2000)
    await new Promise<void>((settle) => waiting.push(settle))
  } else running++
  try {
    return await new Promise<Buffer>((settle, fail) => {
      scrypt(password.normalize('NFC'), salt, hashBytes, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
        error ? fail(error) : settle(key),
      )
    })
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}
