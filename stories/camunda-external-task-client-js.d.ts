/** Camunda's client for external tasks in JavaScript has no types: what the story of it uses. */
declare module 'camunda-external-task-client-js' {
  export class File {
    constructor(options: { localPath: string; mimetype?: string })
    load(): Promise<this>
    content: Buffer
  }
  export class Variables {
    get(name: string): unknown
    set(name: string, value: unknown): this
  }
  export interface Task {
    variables: Variables
    retries: number | null
  }
  export interface TaskService {
    complete(task: Task, variables?: Variables): Promise<void>
    handleFailure(task: Task, failure: { errorMessage: string; retries: number; retryTimeout: number }): Promise<void>
    handleBpmnError(task: Task, errorCode: string, errorMessage: string): Promise<void>
    extendLock(task: Task, newDuration: number): Promise<void>
  }
  export class Client {
    constructor(options: {
      baseUrl: string
      workerId: string
      asyncResponseTimeout: number
      interceptors: (config: { headers?: Record<string, string> }) => object
    })
    subscribe(topic: string, handler: (call: { task: Task; taskService: TaskService }) => Promise<void>): void
    stop(): void
  }
}
