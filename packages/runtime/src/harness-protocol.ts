/**
 * What the agent and a model's process say to each other. The agent writes a plan file and starts the harness of the model's language with its
 * path; the harness does the rows itself (records are never piped) and tells what happened as JSON lines on file descriptor 3. The
 * model's stdout and stderr are the model's own console.
 */

export interface HarnessPlan {
  function: 'score' | 'metrics' | 'train'
  /** Working directory of the model: every asset, `outputDir/`, `__moc_runtime/`. */
  playground: string
  /** Primary source, relative to the playground. */
  source: string
  /** Names given in the asset; null: annotation, then default (`begin`, `action`, `metrics`, `train`). */
  functions: { init: string | null; score: string | null; metrics: string | null; train: string | null }
  /** File with the job document: what init gets as `rawJson`. */
  jobJsonPath: string
  inputs: PlanInput[]
  /** null for train. */
  output: PlanOutput | null
  /** Outputs that a model sends to slots 3, 5 …; those without a file are dropped with a note on its console. */
  furtherOutputs?: (PlanOutput & { slot: number })[]
  /** Rejected records as JSON lines {direction, record, line, code, reason, raw}. */
  rejectsPath: string
  inputSchema: unknown
  outputSchema: unknown
  checkInputSchema: boolean
  checkOutputSchema: boolean
  /** First bad record ends the job (`stopOnBadRecords`). */
  stopOnBadRecords: boolean
  /** Rows in a DataFrame batch where recordsets are on; null: all in one frame. */
  recordsetRows: number | null
}

export type ColumnType = 'integer' | 'float' | 'boolean' | 'string'

export interface PlanColumn {
  name: string
  type: ColumnType
  /** Cells without a value, when counted: 0 spares the Python reader a test on each cell. */
  blanks?: number
}

export interface PlanInput {
  /** 0, 2, 4 … in order of the job's inputs. */
  slot: number
  name: string
  path: string
  format: 'CSV' | 'JSON' | 'TEXT'
  /** CSV: the header and the type of each column over the whole file. */
  columns: PlanColumn[] | null
  /** CSV: `cells` types each cell by itself, as releases before `usePandasCSVConverter` did (and with it set to false). */
  typing?: 'columns' | 'cells'
  /** CSV: a UTF-8 byte order mark precedes the header. */
  hasBom: boolean
  /** Data records when known (CSV). */
  records: number | null
  bytes: number
  /** A one-line JSON array is one record or rows; null: by the rules. */
  arrayInput: 'record' | 'rows' | null
  /** The schema this input is checked against; absent: `inputSchema` of the plan for slot 0, none for others. */
  schema?: unknown
}

export interface PlanOutput {
  /** Written beside the final place; published by the agent. */
  path: string
  format: 'CSV' | 'JSON'
  /** Header from the output schema; null: the first output's keys. */
  columns: string[] | null
}

export type HarnessEvent =
  | { event: 'started' }
  | { event: 'init-succeeded' }
  | ({ event: 'progress' } & HarnessCounts)
  | {
      event: 'rejected'
      direction: 'input' | 'output'
      by: 'encoding' | 'schema' | 'model'
      record: number
      line: number | null
      reason: string
    }
  /** Told last by a run that read all its input; a process that exits without it has failed. */
  | ({ event: 'finished' } & HarnessCounts)
  /** Told by the launcher, not by the harness: a line on the event channel that is no event (a model wrote to descriptor 3). */
  | { event: 'rubbish'; text: string }
  | {
      event: 'failed'
      phase: 'load' | 'init' | 'score' | 'metrics' | 'train' | 'input' | 'output'
      /** `KeyError: 'amount'` */
      error: string
      /** The model raised it; false: told in the harness's own words. */
      isRaised: boolean
      /** 1-based number of the record being scored, and its line in the input file; null outside score. */
      record: number | null
      line: number | null
      /** Without the harness's own frames. */
      traceback: string[]
    }

export interface HarnessCounts {
  recordsIn: number
  recordsOut: number
  inputRejectedByEncoding: number
  inputRejectedBySchema: number
  outputRejectedByEncoding: number
  outputRejectedBySchema: number
  /** UserWarning raised by the model for a record. */
  recordsFailedByModel: number
  bytesRead: number
}

export interface HarnessExit {
  code: number | null
  signal: string | null
  /** Its warm parent was killed and took it along: no fault of the model. */
  parentDied?: boolean
}

/** A model's process as the agent sees it, however it was started (spawned, or forked from a warm parent). */
export interface HarnessProcess {
  /** Leads its own process group. */
  pid: number
  /** Resolves when the process has ended and everything it said has been delivered. */
  exited: Promise<HarnessExit>
  /** To the whole group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export interface HarnessListener {
  onEvent(event: HarnessEvent): void
  /** One console line of the model, without its line end. */
  onConsole(stream: 'stdout' | 'stderr', line: string): void
}

export interface LaunchOptions {
  planPath: string
  playground: string
  /** The whole environment of the child: nothing of the agent's leaks in. */
  env: Record<string, string>
  /** Interpreter: a virtual environment's python, or node. */
  interpreter: string
  listener: HarnessListener
}

export type Launch = (options: LaunchOptions) => Promise<HarnessProcess>
