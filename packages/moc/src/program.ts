/** The tree of commands: words, arguments and options. What a command does is in commands/<noun>/<verb>.ts, loaded when it runs. */
import { Command, type CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Context } from './context.ts'
import { Exit, exitCode } from './exit.ts'
import { type Format, formats, makeOutput } from './output.ts'
import { openClient } from './session.ts'
import { version } from './version.ts'

/** Each verb declares the options it reads; the declarations below are what makes them so. */
type Run = (context: Context, args: string[], options: never) => Promise<void>
type Load = () => Promise<{ run: Run }>

export function makeProgram(): Command {
  const program = new Command('moc')
  program
    .description('Deploy models as batch, trigger scoring jobs and follow them')
    .version(version, '-v, --version', 'print the version')
    .helpCommand(false)
    .configureOutput({ writeErr: (text) => void process.stderr.write(text) })
  addSession(program)
  addModels(program)
  addDeployments(program)
  addRuntimes(program)
  addJobs(program)
  addMlc(program)
  addHelp(program)
  finish(program, [])
  return program
}

function addSession(program: Command): void {
  leaf(program, 'init <gateway-url>', 'Remember the gateway and sign in', () => import('./commands/init.ts')).tap(
    credentialOptions,
  )
  leaf(program, 'credentials', 'Sign in again', () => import('./commands/credentials.ts')).tap(credentialOptions)
  leaf(program, 'show', 'Show the configuration', () => import('./commands/show.ts'))
}

function addModels(program: Command): void {
  const model = program.command('model').description('Registered models')
  leaf(model, 'ls', 'List models', () => import('./commands/model/ls.ts')).tap(listOptions)
  leaf(model, 'get <model>', 'Show a model (name or id)', () => import('./commands/model/get.ts'))
  leaf(
    model,
    'import <folder>',
    'Register the model in a folder; prints its id',
    () => import('./commands/model/import.ts'),
  ).tap((command) =>
    command
      .option('--name <name>', 'name of the model (default: metadata.json, else the folder)')
      .option('--source <file>', 'the primary source, when several files could be it'),
  )
  const asset = program.command('asset').description("A model's files")
  leaf(asset, 'ls <model>', 'List the assets of a model', () => import('./commands/asset/ls.ts'))
  leaf(
    asset,
    'add <model> <path>',
    'Add a file, or a URL with --external',
    () => import('./commands/asset/add.ts'),
  ).tap(assetOptions)
  const snapshot = program.command('snapshot').description('Snapshots: versions of a model that can be deployed')
  leaf(
    snapshot,
    'create <model>',
    'Snapshot a model as it is now; prints the id',
    () => import('./commands/snapshot/create.ts'),
  ).tap((command) =>
    command
      .option('--tag <tag>', 'model service tag; repeat for several', collect)
      .option('--stage <stage>', 'deploy to this stage by the deployment MLC; repeat for several', collect)
      .option('--name <name>', 'name of the snapshot')
      .option('--description <text>', 'what is new in it'),
  )
  leaf(snapshot, 'ls [model]', 'List snapshots', () => import('./commands/snapshot/ls.ts')).tap(listOptions)
}

function addDeployments(program: Command): void {
  const deployment = program.command('deployment').description('Snapshots deployed as batch')
  leaf(
    deployment,
    'create <snapshot-id>',
    'Deploy a snapshot as batch; prints the deployment id',
    () => import('./commands/deployment/create.ts'),
  ).tap((command) =>
    command
      .requiredOption('--stage <stage>', 'environment/stage tag of the runtimes')
      .option('--input <url-or-path>', 'where jobs read unless told otherwise; {date} and {jobId} are filled in')
      .option('--output <url-or-path>', 'where jobs write unless told otherwise; {date} and {jobId} are filled in')
      .option('--region <region>', 'region of an S3 bucket'),
  )
  leaf(
    deployment,
    'ls [model]',
    'List deployments of a model by name',
    () => import('./commands/deployment/ls.ts'),
  ).tap((command) =>
    listOptions(command)
      .option('--state <state>', 'deployed or undeployed')
      .option('--tag <tag>', 'stage or service tag'),
  )
  leaf(deployment, 'rm <deployment-id>', 'Undeploy', () => import('./commands/deployment/rm.ts'))
}

function addRuntimes(program: Command): void {
  const runtime = program.command('runtime').description('Runtimes and their tags')
  leaf(runtime, 'ls', 'List runtimes', () => import('./commands/runtime/ls.ts')).tap((command) =>
    listOptions(command)
      .option('--stage <stage>', 'only those with this stage tag')
      .option('--tag <tag>', 'only those with this tag; repeat for several', collect),
  )
  leaf(runtime, 'get <runtime>', 'Show a runtime (name or id)', () => import('./commands/runtime/get.ts'))
  const tag = runtime.command('tag').description('Edit the tags of a runtime')
  leaf(tag, 'add <runtime> <tags...>', 'Add tags', () => import('./commands/runtime/tag-add.ts'))
  leaf(tag, 'rm <runtime> <tags...>', 'Remove tags', () => import('./commands/runtime/tag-rm.ts'))
  const endpoint = runtime
    .command('endpoint')
    .description('Endpoints: a runtime that has some serves online, not batch')
  leaf(endpoint, 'rm <runtime>', 'Remove all endpoints', () => import('./commands/runtime/endpoint-rm.ts'))
}

function addJobs(program: Command): void {
  const job = program.command('job').description('Batch jobs')
  const create = job.command('create').description('Create a job; prints its id last')
  leaf(
    create,
    'deployedbatch <deployment-id> <input-file> <output-file>',
    'Score a file with a deployed model',
    () => import('./commands/job/create-deployedbatch.ts'),
  ).tap(createJobOptions)
  leaf(
    create,
    'batchjob <model-id> <input-file> <output-file>',
    'Score a file with a stored model',
    () => import('./commands/job/create-batchjob.ts'),
  ).tap(createJobOptions)
  leaf(job, 'ls', 'List jobs', () => import('./commands/job/ls.ts')).tap((command) =>
    listOptions(command).option('--status <status>', 'only jobs in this status'),
  )
  leaf(job, 'get <job-id>', 'Show a job', () => import('./commands/job/get.ts'))
  leaf(job, 'status <job-id>', 'Status of a job, tab-separated', () => import('./commands/job/status.ts'))
  leaf(job, 'logs <job-id>', 'Messages of a job', () => import('./commands/job/logs.ts')).tap((command) =>
    command.option('-f, --follow', 'go on until the job ends'),
  )
  leaf(job, 'cancel <job-id>', 'Cancel a job', () => import('./commands/job/cancel.ts')).tap((command) =>
    command.option('--reason <text>', 'why; told in its messages'),
  )
  leaf(
    job,
    'rerun <job-id>',
    'Run a job again as a new one; prints its id',
    () => import('./commands/job/rerun.ts'),
  ).tap((command) =>
    command
      .option('--idempotency-key <key>', 'the same key never runs it again twice')
      .option('--wait', 'wait for its end'),
  )
  leaf(
    job,
    'output <job-id> [file]',
    'Fetch the output of a job ("-" for stdout)',
    () => import('./commands/job/output.ts'),
  )
}

function addMlc(program: Command): void {
  const mlc = program.command('mlc').description('Model life cycles (BPMN processes)')
  leaf(
    mlc,
    'trigger',
    'Send a signal from a JSON file; prints the process instance id last',
    () => import('./commands/mlc/trigger.ts'),
  ).tap((command) =>
    command
      .requiredOption('--file <file>', 'body as of POST /mlc-service/rest/signalResponsive')
      .option('--wait', 'follow it to the end')
      .option('--idempotency-key <key>', 'the same key and body never start twice'),
  )
  leaf(mlc, 'deploy <file>', 'Deploy a BPMN file', () => import('./commands/mlc/deploy.ts'))
  leaf(mlc, 'ls', 'List the process definitions', () => import('./commands/mlc/ls.ts'))
  leaf(
    mlc,
    'incidents <process-instance-id>',
    'Incidents of a process instance',
    () => import('./commands/mlc/incidents.ts'),
  )
  leaf(
    mlc,
    'retry <process-instance-id>',
    'Try again what failed, once its cause is mended',
    () => import('./commands/mlc/retry.ts'),
  ).tap((command) => command.option('--set <name=value>', 'first set a variable to a text; repeatable', collect))
  leaf(
    program,
    'follow <process-instance-id>',
    'Follow a process instance to its jobs and their end',
    () => import('./commands/follow.ts'),
  )
}

function addHelp(program: Command): void {
  program
    .command('help [words...]')
    .description('Show the help of a command: moc help job create')
    .action((words: string[]) => {
      let command = program
      for (const word of words) {
        const next = command.commands.find((child) => child.name() === word)
        if (next === undefined) command.error(`error: unknown command '${word}'`)
        else command = next as Command
      }
      command.outputHelp()
    })
}

function credentialOptions(command: Command): Command {
  return command
    .option('--user <name>', 'user name (or ROWHOUSE_MOC_USER)')
    .option('--password <password>', 'password; better: --password-stdin or ROWHOUSE_MOC_PASSWORD')
    .option('--password-stdin', 'read the password from stdin')
}

function listOptions(command: Command): Command {
  return command.option('--limit <n>', 'at most so many', '100')
}

function assetOptions(command: Command): Command {
  command
    .option('--name <name>', 'name of the asset')
    .option('-e, --external', 'keep a reference to the URL instead of the content')
    .option('-f, --force', 'replace an asset of the same name')
    .option('--region <region>', 'region of an S3 bucket')
    .option('-V, --verbose', 'say what is done')
  for (const role of [
    'model-source',
    'training-data',
    'test-data',
    'comparator-data',
    'weights-file',
    'model-binary',
    'result-comparator',
  ]) {
    command.option(`--${role}`, `give it the role ${role.toUpperCase().replace('-', '_')}`)
  }
  return command
}

function createJobOptions(command: Command): Command {
  return command
    .option('--wait', 'wait for the end and fetch a local output file')
    .option('--timeout <seconds>', 'with --wait: stop waiting after so long (exit 124)')
    .option('--idempotency-key <key>', 'the same key and arguments never make a second job')
    .option('--region <region>', 'region of an S3 bucket')
    .option('--file <json-file>', 'further job fields such as jobParameters')
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

/** A command that does something; `tap` adds its options. */
function leaf(
  parent: Command,
  usage: string,
  description: string,
  load: Load,
): { tap(add: (command: Command) => Command): void } {
  const command = parent.command(usage).description(description)
  outputOptions(command)
  command.action(async () => {
    const options = command.optsWithGlobals()
    refuseEmptyOptions(command)
    const args = givenArguments(command)
    const context: Context = { output: makeOutput(options), client: () => openClient() }
    const { run } = await load()
    await run(context, args, options as never)
  })
  return { tap: (add) => void add(command) }
}

/**
 * Each argument as a text, '' where it was left out. Given as nothing it is most likely a variable of a script that was never set: the
 * servers would read it as all there is. A list of ids made on Windows ends its lines with CR LF, of which a shell leaves the CR.
 */
function givenArguments(command: Command): string[] {
  return command.registeredArguments.flatMap((argument, index) => {
    const given: unknown = command.processedArgs[index]
    if (given === undefined) return ['']
    return [given].flat().map((word) => {
      const text = argument.name().endsWith('-id') ? String(word).trim() : String(word)
      if (text === '') command.error(`error: argument '${argument.name()}' is empty`)
      return text
    })
  })
}

/** As with arguments; but for those where nothing says something. */
function refuseEmptyOptions(command: Command): void {
  const mayBeEmpty = new Set(['region', 'reason', 'description', 'user', 'password'])
  for (const option of command.options) {
    const name = option.attributeName()
    if (!option.required || mayBeEmpty.has(name)) continue
    const values: unknown[] = [command.getOptionValue(name)].flat()
    if (values.includes('')) command.error(`error: option '${option.flags}' is empty`)
  }
}

function outputOptions(command: Command, isHidden = false): void {
  const options = [
    new Option('-o, --output-format <format>', `how to print data: ${formats.join(', ')}`).argParser(parseFormat),
    new Option('-q, --quiet', 'print ids only'),
  ]
  for (const option of options) command.addOption(option.hideHelp(isHidden))
}

/** As in `-o json`, `-ojson` and `-o=json`. */
function parseFormat(text: string): Format {
  const format = formats.find((known) => known === text.replace(/^=/, ''))
  if (format === undefined) throw new InvalidArgumentError(`It is one of ${formats.join(', ')}.`)
  return format
}

/**
 * On every command: commander's own endings (help, version, usage errors) as Exit, and a word after a usage error on where to look. How to
 * print may also be said before the verb (`moc -o json job ls`).
 */
function finish(command: Command, path: string[]): void {
  const words = ['moc', ...path].join(' ')
  const children = command.commands as Command[]
  const verbs = children.map((child) => child.name())
  command.showHelpAfterError(
    verbs.length === 0
      ? `Usage: ${words} ${command.usage()}\n(${words} --help tells more)`
      : `(${words} has: ${verbs.join(', ')}; see ${words} --help)`,
  )
  command.exitOverride((error: CommanderError) => {
    throw new Exit(error.exitCode === 0 ? exitCode.ok : exitCode.usage)
  })
  if (verbs.length > 0) {
    command.enablePositionalOptions()
    outputOptions(command, true)
  }
  for (const child of children) finish(child, [...path, child.name()])
}
