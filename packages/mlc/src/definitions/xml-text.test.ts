import { describe, expect, it } from 'vitest'
import { readXml, xmlText } from './xml-text.ts'

const file = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><a name="Prüfen"/>`
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

describe('an XML file is read in the encoding it names', () => {
  it.each([
    ['UTF-8', Buffer.from(file('UTF-8'))],
    ['no declaration', Buffer.from('<a name="Prüfen"/>')],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${file('UTF-8')}`)],
    ['ISO-8859-1', Buffer.from(file('ISO-8859-1'), 'latin1')],
    ['windows-1252 in single quotes', Buffer.from(file('windows-1252').replaceAll('"', "'"), 'latin1')],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${file('UTF-16')}`, 'utf16le')],
    ['UTF-16, big end first, with a mark', utf16be(`\ufeff${file('UTF-16')}`)],
    ['UTF-8 that says UTF-16', Buffer.from(file('UTF-16'))],
    ['UTF-16 without a mark', Buffer.from(file('UTF-16'), 'utf16le')],
  ])('%s', (_, content) => {
    expect(readXml(content, 'p.bpmn')).toMatch(/^<.*name=["']Prüfen["']\/>$/)
    expect(xmlText(content)).toBe(readXml(content, 'p.bpmn'))
  })

  it.each([
    [Buffer.from(file('UTF-8'), 'latin1'), 'its bytes are not utf-8, as it says. Save it as UTF-8.'],
    [Buffer.from('<a name="ü"/>', 'latin1'), 'its bytes are not utf-8, and it names no other encoding'],
    [Buffer.from(file('x-mine')), "its encoding 'x-mine' is not known"],
  ])('or refused with what is wrong', (content, message) => {
    expect(() => readXml(content, 'p.bpmn')).toThrow(
      `ENGINE-09003 Could not parse 'p.bpmn'. The file cannot be read: ${message}`,
    )
  })
})
