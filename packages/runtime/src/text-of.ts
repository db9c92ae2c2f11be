/** PowerShell writes `pip freeze > requirements.txt` in UTF-16. */
export function textOf(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  return isUtf16 ? bytes.toString('utf16le', 2) : bytes.toString('utf8')
}
