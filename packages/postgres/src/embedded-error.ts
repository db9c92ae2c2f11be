/** Why the embedded PostgreSQL could not be had. `message` is for the user: what, where, what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code: 'NoBinaries' | 'FolderInUse' | 'FolderNotOurs' | 'OtherMajor' | 'CredentialsLost' | 'StartFailed'

  constructor(code: EmbeddedPostgresError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = code
    this.code = code
  }
}
