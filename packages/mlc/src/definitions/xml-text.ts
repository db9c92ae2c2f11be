/** The text of an XML file in the encoding it names, by its first bytes or its declaration; UTF-8 when it names none. */
import { camundaProblem } from '../camunda-problems.ts'

/** @throws a ProcessEngineException that names the encoding, when the bytes are not in it */
export function readXml(content: Uint8Array, resource: string): string {
  const encoding = encodingOf(content)
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(content)
  } catch (error) {
    const reason =
      error instanceof RangeError
        ? `its encoding '${encoding}' is not known`
        : `its bytes are not ${encoding}${declared(content) === encoding ? ', as it says' : ', and it names no other encoding'}`
    throw camundaProblem(
      500,
      'ProcessEngineException',
      `ENGINE-09003 Could not parse '${resource}'. The file cannot be read: ${reason}. Save it as UTF-8.`,
    )
  }
}

/** Of a file that was taken, perhaps before its encoding was asked for. */
export function xmlText(content: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(content)).decode(content)
  } catch {
    return new TextDecoder().decode(content)
  }
}

function encodingOf(content: Uint8Array): string {
  const [first, second] = content
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le'
  const named = declared(content)
  // What could be read byte by byte until here is no UTF-16, whatever it says.
  return named === undefined || named.startsWith('utf-16') ? 'utf-8' : named
}

function declared(content: Uint8Array): string | undefined {
  const head = Buffer.from(content.subarray(0, 200)).toString('latin1')
  return /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1]?.toLowerCase()
}
