/** `rowhouse up | server | runtime | doctor`. stdout holds `ready URL` (and the first password, once); talk goes to stderr. */
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { programPath } from './programs.ts'
import type { UpOptions } from './up.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// whoever read our output may have gone; we go on
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const program = new Command('rowhouse')
  .description('Governed batch scoring: database, server and runtimes')
  .version(version)
  .showHelpAfterError('(rowhouse help <command> lists the options)')
  .enablePositionalOptions()
  // empty is not given, as for the server: a script's variable that was never set means neither the current folder nor any port
  .hook('preAction', (_, command) => {
    for (const option of command.options) {
      const name = option.attributeName()
      if (option.envVar && command.getOptionValue(name) === '') command.setOptionValue(name, option.defaultValue)
    }
  })

function serverOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--port <port>', 'port of the HTTP entry; 0: any free one').env('ROWHOUSE_PORT').default('8090'),
    )
    .addOption(
      new Option('--host <address>', 'address to listen on; other than loopback needs TLS files or --behind-proxy')
        .env('ROWHOUSE_HOST')
        .default('127.0.0.1'),
    )
    .addOption(
      new Option('--data <folder>', 'folder of the database, keys and managed files')
        .env('ROWHOUSE_DATA_DIR')
        .default('.rowhouse'),
    )
    .addOption(
      new Option(
        '--database-url <url>',
        'a PostgreSQL (15 or newer) of your own instead of the one that comes along',
      ).env('ROWHOUSE_DATABASE_URL'),
    )
    .option('--unsecured', 'everyone on this machine may do everything, without a token')
    .option('--behind-proxy', 'a proxy in front does TLS')
    .option('--tls-cert <file>', 'certificate chain in PEM')
    .option('--tls-key <file>', 'private key in PEM')
    .option('--definitions <folder>', 'diagrams deployed at start (default: those that come along)')
    .option('--log-level <level>', 'of the server: trace, debug, info, warn, error, silent (default: warn)')
}

const collect = (value: string, former: string[] | undefined) => [...(former ?? []), value]

serverOptions(program.command('up').description('start the database, the server and one runtime'))
  .option('--stage <stage>', 'stage of the runtime, a tag of its own', 'DEV')
  .option('--tag <tag>', 'further tag of the runtime; repeatable', collect)
  .option('--name <name>', 'name of the runtime', 'local')
  .option('--files <folder>', 'folder whose files the runtime may open; repeatable (default: the current one)', collect)
  .option('--python <path>', 'Python the runtime uses (default: python3)')
  .option('--slots <n>', 'jobs the runtime runs at once (default: 1)')
  .option('--no-runtime', 'only the database and the server')
  .action(async (options: UpOptions) => {
    const { up } = await import('./up.ts')
    process.exit(await up(options))
  })

serverOptions(program.command('server').description('start the database and the server, without a runtime')).action(
  async (options: UpOptions) => {
    const { up } = await import('./up.ts')
    process.exit(await up({ ...options, runtime: false }))
  },
)

program
  .command('runtime')
  .description('start a runtime that works for a server: --gateway URL --token-file FILE --name N --stage S --tag T …')
  .allowUnknownOption()
  .helpOption(false)
  .passThroughOptions()
  .argument('[options...]')
  .action(async (options: string[]) => {
    const path = programPath('@rowhouse/runtime')
    // an older Node that started us on this one holds a channel to us, and ends it when it is killed
    process.argv.splice(
      1,
      process.argv.length,
      path,
      ...options,
      ...(process.send === undefined ? [] : ['--exit-with-parent']),
    )
    await import(path)
  })

program
  .command('doctor')
  .description('check what Rowhouse needs on this machine, and say what to do')
  .addOption(new Option('--port <port>', 'port to be used').env('ROWHOUSE_PORT').default('8090'))
  .addOption(new Option('--host <address>', 'address to listen on').env('ROWHOUSE_HOST').default('127.0.0.1'))
  .addOption(new Option('--data <folder>', 'data folder').env('ROWHOUSE_DATA_DIR').default('.rowhouse'))
  .addOption(new Option('--database-url <url>', 'a PostgreSQL of your own').env('ROWHOUSE_DATABASE_URL'))
  .option('--python <path>', 'Python the runtime uses', 'python3')
  .action(async (options: { port: string; host: string; data: string; databaseUrl?: string; python: string }) => {
    const { doctor } = await import('./doctor.ts')
    process.exit(await doctor(options))
  })

await program.parseAsync()
