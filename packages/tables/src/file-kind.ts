/** What a file is whose first bytes show that it is no UTF-8 text. */
import { open } from 'node:fs/promises'
import { readError, TableError } from './table-error.ts'

const HEAD_BYTES = 16

const binaries: readonly (readonly [start: readonly number[] | string, words: string])[] = [
  [[0x1f, 0x8b], 'is compressed (gzip); unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'is compressed (xz); unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'is compressed (Zstandard); unpack it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'is a ZIP archive or a workbook; export it as CSV'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'is a workbook; export it as CSV'],
  [[0x4f, 0x62, 0x6a, 0x01], 'is Avro, which is not read here; export it as CSV or JSON lines'],
  ['BZh', 'is compressed (bzip2); unpack it first'],
  ['PAR1', 'is Parquet, which is not read here; export it as CSV or JSON lines'],
  ['ORC', 'is ORC, which is not read here; export it as CSV or JSON lines'],
]

/** Throws TableError where `head`, the first bytes of a file, begins something else than text in UTF-8. */
export function checkKind(head: Uint8Array, path: string): void {
  const start = head.subarray(0, HEAD_BYTES)
  if (isUtf16(start)) throw new TableError('NotUtf8', `${path} is UTF-16; save it as UTF-8`, { line: 1 })
  const binary = binaries.find(([bytes]) =>
    // Letters may begin a text as well.
    typeof bytes === 'string' ? startsWith(start, Buffer.from(bytes)) && !isPlain(start) : startsWith(start, bytes),
  )
  if (binary !== undefined) throw new TableError('NotText', `${path} ${binary[1]}`)
}

const startsWith = (head: Uint8Array, bytes: ArrayLike<number>): boolean =>
  Array.from(bytes).every((byte, index) => head[index] === byte)

/** ASCII without control characters but blanks and line ends. */
const isPlain = (head: Uint8Array): boolean =>
  head.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d))

/** With a byte order mark, or by the zero beside each of its first letters. */
function isUtf16(head: Uint8Array): boolean {
  if (startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])) return true
  const zeros = Array.from(head.subarray(0, 4), (byte) => (byte === 0 ? '0' : 'x')).join('')
  return zeros === '0x0x' || zeros === 'x0x0'
}

/** As checkKind, of the file at `path`. */
export async function checkFileKind(path: string): Promise<void> {
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
      checkKind(buffer.subarray(0, bytesRead), path)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof TableError ? error : readError(path, error)
  }
}
