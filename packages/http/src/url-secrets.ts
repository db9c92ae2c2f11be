/** Where URLs hold what nobody but the runtime that opens them may see: `user:password@`, and the signatures and keys of presigned ones. */

/**
 * `scheme://user:password@host` → `scheme://host`, anywhere in a text. Passwords with `/` in them (AWS keys) are not valid there and are
 * common; `http://host:8080/a@b` has none, nor has `abfss://container@account`. `put` says what stands in place of `user:password@`.
 */
export function withoutUserParts(text: string, put: (userPart: string) => string = () => ''): string {
  if (!text.includes('@')) return text
  return text.replace(runBeforeAt, (run) =>
    run.replace(userPartAtEnd, (_, scheme: string, userPart: string) => scheme + put(userPart)),
  )
}

// Texts are of any length and anybody's: both patterns begin at one place of a run only, for the time to grow with the length and no more.
const runBeforeAt = /(?<![^\s@?#"'])[^\s@?#"']+@/g
const userPartAtEnd = /([a-z0-9+.-]:\/\/)((?:[^/:]+:(?!\d{1,5}\/).*|(?!(?<=\b(?:abfs|wasb)s?:\/\/)[^/:]+@$)[^/]+)@)$/i

/** Members of a query that give access by themselves, as Amazon, Google, Azure and makers of tokens name them. */
const secretName = `(?:x-[a-z]+-)?(?:signature|credential|security-token)|sig|(?:(?:access|refresh|auth|id|sas|session)[_-]?)?token|(?:(?:api|access|subscription)[_-]?)?key|[a-z]*accesskeyid|googleaccessid|(?:client[_-]?)?secret|password|passwd|pwd|jwt`
const secretNamePattern = new RegExp(`^(?:${secretName})$`, 'i')
const secretMemberPattern = new RegExp(`([?&](?:${secretName})=)[^&\\s"'#]+`, 'gi')

/** The URL without the secret members of its query, and those members as they stood there (`X-Amz-Signature=…&…`), null when there is none. */
export function splitSecretQuery(url: string): { url: string; query: string | null } {
  const [, before, query, fragment] = /^([a-z][a-z0-9+.-]*:\/\/[^?#\s]*)\?([^#\s]*)(#.*)?$/i.exec(url) ?? []
  if (before === undefined || query === undefined) return { url, query: null }
  const members = query.split('&')
  const isSecret = (member: string) => secretNamePattern.test(member.split('=', 1)[0] ?? '') && /=./.test(member)
  const secret = members.filter(isSecret)
  if (secret.length === 0) return { url, query: null }
  const kept = members.filter((member) => !isSecret(member))
  return { url: `${before}${kept.length > 0 ? `?${kept.join('&')}` : ''}${fragment ?? ''}`, query: secret.join('&') }
}

/** Values of the secret members of each URL's query, anywhere in a text; `put` says what stands in place of one. */
export function withoutSecretValues(text: string, put: (value: string) => string = () => ''): string {
  if (!text.includes('://')) return text
  return text.replace(queryOfUrl, (query) =>
    query.replace(secretMemberPattern, (member, name: string) => name + put(member.slice(name.length))),
  )
}

/** Looks back only where there is a question mark. */
const queryOfUrl = /\?(?<=[a-z0-9+.-]:\/\/[^\s"'?#]*\?)[^\s"'#]*/gi

/** Without user parts of URLs; values of secret members of queries are removed. */
export function withoutSecrets(text: string): string {
  return withoutUserParts(text).replace(secretMemberPattern, '$1[removed]')
}
