export type TableErrorCode =
  | 'FileMissing'
  | 'IsDirectory'
  | 'NotReadable'
  | 'EmptyFile'
  | 'NotUtf8'
  | 'NotText'
  | 'NulByte'
  | 'UnclosedQuote'
  | 'RaggedRow'
  | 'RecordTooLong'
  | 'NotJson'
  | 'CannotEncode'
  | 'ReadFailed'

/** A file that cannot be read or written as a table. The message is a whole sentence for the reader. */
export class TableError extends Error {
  readonly code: TableErrorCode
  /** 1-based line in the file as an editor counts it. */
  readonly line: number | null
  /** Name of the column, where one is to blame. */
  readonly column: string | null

  constructor(
    code: TableErrorCode,
    message: string,
    where: { line?: number | null; column?: string | null; cause?: unknown } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause })
    this.name = 'TableError'
    this.code = code
    this.line = where.line ?? null
    this.column = where.column ?? null
  }
}

/** What the operating system said about a path that was to be read, in the reader's words. */
export function readError(path: string, cause: unknown): TableError {
  const code = (cause as NodeJS.ErrnoException | null)?.code
  const detail = cause instanceof Error ? cause.message : String(cause)
  if (code === 'EISDIR') return new TableError('IsDirectory', `${path} is a folder, not a file`, { cause })
  if (code === 'ENOENT') return new TableError('FileMissing', `${path} does not exist`, { cause })
  if (code === 'EACCES' || code === 'EPERM')
    return new TableError('NotReadable', `${path} may not be read by this user`, { cause })
  return new TableError('ReadFailed', `${path} could not be read: ${detail}`, { cause })
}
