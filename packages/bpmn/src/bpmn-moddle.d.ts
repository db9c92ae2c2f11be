/** bpmn-moddle 10 has no types at its root: what we use of it. */
declare module 'bpmn-moddle' {
  interface ModdleReference {
    element: unknown
    property: string
    id: string
  }
  interface ModdleWarning {
    message: string
    element?: unknown
    property?: string
    value?: unknown
  }
  interface ModdleResult {
    rootElement: unknown
    references: ModdleReference[]
    warnings: ModdleWarning[]
  }
  export class BpmnModdle {
    constructor(packages?: Record<string, unknown>)
    fromXML(xml: string): Promise<ModdleResult>
  }
}
