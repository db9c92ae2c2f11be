/** What commands print: data on stdout, talk on stderr; a table on a terminal, tab-separated when piped. */

export const formats = ['table', 'json', 'yaml'] as const
export type Format = (typeof formats)[number]

export interface Column<Row> {
  title: string
  value: (row: Row) => string | number | null | undefined
}

export interface Output {
  format: Format
  quiet: boolean
  isTerminal: boolean
  /** Data. */
  print(text: string): void
  /** Talk. */
  say(text: string): void
}

export function makeOutput(options: { outputFormat?: Format; quiet?: boolean }): Output {
  return {
    format: options.outputFormat ?? 'table',
    quiet: options.quiet === true,
    isTerminal: process.stdout.isTTY === true,
    print: (text) => void process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
  }
}

/** A list: ids alone with `--quiet`, documents with `-o json|yaml`, else the columns. */
export async function printList<Row extends { id: string }>(
  output: Output,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): Promise<void> {
  if (output.quiet) {
    for (const row of rows) output.print(row.id)
    return
  }
  if (output.format !== 'table') {
    output.print(await serialise(rows, output.format))
    return
  }
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))))
  const titles = columns.map((column) => column.title)
  if (rows.length === 0) output.say('Nothing found')
  for (const line of output.isTerminal
    ? alignColumns([titles, ...cells])
    : [titles, ...cells].map((row) => row.join('\t')))
    output.print(line)
}

/** One document: YAML reads best where nothing was asked for, and then without contents of files, which would bury the rest. */
export async function printDocument(output: Output, document: unknown): Promise<void> {
  if (output.format !== 'table') return output.print(await serialise(document, output.format))
  let leftOut = 0
  const brief: unknown = JSON.parse(
    JSON.stringify(document, (key, value: unknown) => {
      if (!contentMembers.has(key) || typeof value !== 'string' || value.length <= contentShownMax) return value
      leftOut += 1
      return undefined
    }),
  )
  output.print(await serialise(brief, 'yaml'))
  if (leftOut > 0) output.say('Contents of files are left out; -o yaml and -o json give them')
}

const contentMembers = new Set(['sourceCode', 'fileContent', 'fileContentString'])
/** Shorter ones are no nuisance. */
const contentShownMax = 80

/** What a command has changed: the document when asked for, else a sentence. */
export async function printChanged(
  output: Output,
  sentence: string,
  changed: { id: string; file?: string },
): Promise<void> {
  if (output.quiet) output.print(changed.id)
  else output.print(output.format === 'table' ? sentence : await serialise(changed, output.format))
}

/** What a command has made: the document when asked for, else a sentence that ends with the id, for scripts. */
export async function printMade(output: Output, sentence: string, made: { id: string }): Promise<void> {
  await printChanged(output, `${sentence} ${made.id}`, made)
}

export async function serialise(value: unknown, format: Format): Promise<string> {
  if (format === 'json') return JSON.stringify(value, null, 2)
  const { stringify } = await import('yaml')
  return stringify(value).trimEnd()
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)))
  return rows.map((row) =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
  )
}

/** Tabs and line ends would break the columns; other control characters are orders to a terminal. */
function cellText(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '-' : String(value).replace(/\p{Cc}+/gu, ' ')
}
