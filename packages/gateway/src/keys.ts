import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '@rowhouse/contract'
import { type CryptoKey, importJWK, type JWK } from 'jose'

export interface Keys {
  signing: CryptoKey
  verifying: CryptoKey
  keyId: string
  /** 32 bytes: encrypts credentials at rest. */
  secret: Uint8Array
}

/** Made at the first start, readable by their owner only. Without them tokens and stored credentials are void. */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const folder = join(dataDir, 'keys')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [signing, secret] = await Promise.all([
    readOrMake(join(folder, 'signing-key.json'), makeSigningKey),
    readOrMake(join(folder, 'secret-key'), () => randomBytes(32).toString('base64')),
  ])
  try {
    const jwk = JSON.parse(signing) as JWK & { kid: string }
    const { d: _private, ...publicJwk } = jwk
    const [signingKey, verifyingKey] = await Promise.all([importJWK(jwk, 'EdDSA'), importJWK(publicJwk, 'EdDSA')])
    const secretKey = new Uint8Array(Buffer.from(secret.trim(), 'base64'))
    if (secretKey.length !== 32) throw new Error('secret-key does not hold 32 bytes')
    return { signing: signingKey as CryptoKey, verifying: verifyingKey as CryptoKey, keyId: jwk.kid, secret: secretKey }
  } catch (error) {
    throw new InputError(
      'KeysUnreadable',
      `The keys in ${folder} cannot be used (${(error as Error).message}). Restore them from a backup`,
    )
  }
}

function makeSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return JSON.stringify({
    ...privateKey.export({ format: 'jwk' }),
    alg: 'EdDSA',
    use: 'sig',
    kid: randomBytes(8).toString('hex'),
  })
}

/** Of two servers that start at once on a new folder, both use what the first one wrote whole. */
async function readOrMake(file: string, make: () => string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, make(), { mode: 0o600, flush: true })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  await rm(draft)
  return readFile(file, 'utf8')
}
