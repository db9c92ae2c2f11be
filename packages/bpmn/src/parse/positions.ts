/** Where elements stand in the file: bpmn-moddle does not tell. One pass over the tags; the text is known to be XML. */

export interface Position {
  /** Both count from 1; 0 is unknown. */
  line: number
  column: number
}

const piece =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<([A-Za-z_][^\s/>]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/g
const idAttribute = /\sid\s*=\s*(?:"([^"]*)"|'([^']*)')/

export class Positions {
  private readonly byTagAndId = new Map<string, Position>()
  private readonly byId = new Map<string, Position>()
  private readonly byTag = new Map<string, Position>()

  constructor(xml: string) {
    let line = 1
    let lineStart = 0
    let lineEnd = xml.indexOf('\n')
    for (const found of xml.matchAll(piece)) {
      const [, name, attributes = ''] = found
      while (lineEnd >= 0 && lineEnd < found.index) {
        line++
        lineStart = lineEnd + 1
        lineEnd = xml.indexOf('\n', lineStart)
      }
      if (name === undefined) continue
      const tag = name.slice(name.indexOf(':') + 1)
      const id = idAttribute.exec(attributes)
      this.remember({ line, column: found.index - lineStart + 1 }, tag, id?.[1] ?? id?.[2])
    }
  }

  find(tag: string | undefined, id: string | undefined): Position {
    const exact = id === undefined ? undefined : (this.byTagAndId.get(`${tag} ${id}`) ?? this.byId.get(id))
    const first = id === undefined && tag !== undefined ? this.byTag.get(tag) : undefined
    return exact ?? first ?? { line: 0, column: 0 }
  }

  private remember(position: Position, tag: string, id: string | undefined): void {
    if (!this.byTag.has(tag)) this.byTag.set(tag, position)
    if (id === undefined) return
    if (!this.byTagAndId.has(`${tag} ${id}`)) this.byTagAndId.set(`${tag} ${id}`, position)
    if (!this.byId.has(id)) this.byId.set(id, position)
  }
}
