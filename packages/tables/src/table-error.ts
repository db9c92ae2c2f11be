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
  | 'FolderMissing'
  | 'NotWritable'
  | 'DiskFull'
  | 'CannotEncode'
  | 'ReadFailed'
  | 'WriteFailed'

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

/** What the operating system said about a path, in the reader's words. */
export function fileError(doing: 'read' | 'write', path: string, cause: unknown): TableError {
  const code = (cause as NodeJS.ErrnoException | null)?.code
  const detail = cause instanceof Error ? cause.message : String(cause)
  if (code === 'EISDIR') return new TableError('IsDirectory', `${path} is a folder, not a file`, { cause })
  if (doing === 'read') {
    if (code === 'ENOENT') return new TableError('FileMissing', `${path} does not exist`, { cause })
    if (code === 'EACCES' || code === 'EPERM')
      return new TableError('NotReadable', `${path} may not be read by this user`, { cause })
    return new TableError('ReadFailed', `${path} could not be read: ${detail}`, { cause })
  }
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new TableError('FolderMissing', `The folder of ${path} does not exist; create it first`, { cause })
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new TableError('NotWritable', `${path} may not be written by this user`, { cause })
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new TableError('DiskFull', `No space is left for ${path}; nothing half-written was kept`, { cause })
  return new TableError('WriteFailed', `${path} could not be written: ${detail}`, { cause })
}
