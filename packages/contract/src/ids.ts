import { InputError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type Sha256 = Branded<'Sha256'>
/** An environment/stage tag or a model service tag; compared exactly. */
export type Tag = Branded<'Tag'>

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Other texts are simply no id of ours: asked for, they are not found. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuidPattern.test(text)
}

const tagPattern = /^[^\s,][^,\n\r]*$/

/** A tag is one non-empty line without commas (runtimes take comma lists). */
export function parseTag(text: string): Tag {
  const trimmed = text.trim()
  if (trimmed.length > 200 || !tagPattern.test(trimmed)) {
    throw new InputError(
      'InvalidTag',
      `'${text}' is not a tag: a tag is 1 to 200 characters on one line, without commas`,
      { tag: text },
    )
  }
  return trimmed as Tag
}

export function parseSha256(text: string): Sha256 {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new InputError('InvalidSha256', `'${text}' is not a SHA-256 in lower-case hexadecimal (64 characters)`)
  }
  return text as Sha256
}
