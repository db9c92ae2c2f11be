import { TableError } from '../table-error.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22

export interface CsvHeader {
  /** Made unique as pandas does: `a, a` → `a, a.1`. An empty name stays empty. */
  names: string[]
  hasBom: boolean
  /** First byte after the header's line end. */
  dataOffset: number
  /** Line on which the first data record starts. */
  dataLine: number
}

const hasBom = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf

/** `a, a, a.1` → `a, a.2, a.1`: a number that is free, names that are already different stay. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name)
      return name
    }
    let number = 1
    while (taken.has(`${name}.${number}`)) number += 1
    const unique = `${name}.${number}`
    taken.add(unique)
    seen.add(unique)
    return unique
  })
}

/**
 * The header, when `bytes` (the start of the file) holds all of it; null: more bytes are needed. Lines before it that are
 * empty or blank are skipped. The cell rules are those of csv-scanner.ts.
 */
export function parseCsvHeader(bytes: Uint8Array, isWhole: boolean, delimiter: number): CsvHeader | null {
  const bom = hasBom(bytes)
  let position = bom ? 3 : 0
  let line = 1
  for (;;) {
    const end = blankLineEnd(bytes, position, delimiter)
    if (end === null) break
    if (end === bytes.length && !isWhole) return null
    position = end
    line += 1
  }
  const cells: string[] = []
  let cell: number[] = []
  let inQuotes = false
  let atStart = true
  let quoteLine = line
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const endCell = () => {
    cells.push(decoder.decode(Uint8Array.from(cell)))
    cell = []
    atStart = true
  }
  const header = (dataOffset: number, dataLine: number): CsvHeader => {
    endCell()
    return { names: uniqueNames(cells), hasBom: bom, dataOffset, dataLine }
  }
  for (; position < bytes.length; position++) {
    const byte = bytes[position] ?? 0
    if (byte === 0) throw nulInHeader(line)
    if (inQuotes) {
      if (byte !== QUOTE) {
        cell.push(byte)
        if (byte === LF || (byte === CR && bytes[position + 1] !== LF)) line += 1
      } else if (bytes[position + 1] === QUOTE) {
        cell.push(byte)
        position += 1
      } else if (position + 1 === bytes.length && !isWhole) return null
      else inQuotes = false
    } else if (byte === QUOTE && atStart) {
      inQuotes = true
      quoteLine = line
      atStart = false
    } else if (byte === delimiter) endCell()
    else if (byte === LF) return header(position + 1, line + 1)
    else if (byte === CR) {
      if (position + 1 === bytes.length && !isWhole) return null
      return header(position + (bytes[position + 1] === LF ? 2 : 1), line + 1)
    } else {
      cell.push(byte)
      atStart = false
    }
  }
  if (!isWhole) return null
  if (inQuotes)
    throw new TableError('UnclosedQuote', `The header opens a quote on line ${quoteLine} that is never closed`, {
      line: quoteLine,
    })
  if (cells.length === 0 && cell.length === 0 && atStart)
    return { names: [], hasBom: bom, dataOffset: position, dataLine: line }
  return header(position, line + 1)
}

/** End of the line at `position` when it is blank; null when it is not. */
function blankLineEnd(bytes: Uint8Array, position: number, delimiter: number): number | null {
  for (let at = position; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === LF) return at + 1
    if (byte === CR) return bytes[at + 1] === LF ? at + 2 : at + 1
    if ((byte !== 0x20 && byte !== 0x09) || byte === delimiter) return null
  }
  return null
}

function nulInHeader(line: number): TableError {
  return new TableError('NulByte', `The header holds a NUL byte on line ${line}: this is not a text file`, { line })
}
