/** `main.ts --database-url … --port … --data …`: the server until it is told to stop. The only file that knows all wings. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, InputError } from '@rowhouse/contract'
import { mlc, mlcMigrations } from '@rowhouse/mlc'
import { modelManage, modelManageMigrations } from '@rowhouse/model-manage'
import { connectionFault, isDatabaseAway, migrate } from '@rowhouse/postgres'
import { describeSettings, parseServerConfig, type ServerConfig } from './config.ts'
import { hasParent, hearDatabaseUrl, onParentGone, tellParent } from './parent.ts'
import { type OpenWings, type RunningServer, readDefinitions, startServer } from './server.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Each wing on its own schema, migrated; they reach one another through the client only. */
function openWings(config: ServerConfig): OpenWings {
  return async (database, keys) => {
    const [shippedDefinitions] = await Promise.all([
      readDefinitions(config.definitionsDir),
      migrate(database, modelManageMigrations),
      migrate(database, mlcMigrations),
    ])
    const settings = {
      heartbeatMs: config.runtimeHeartbeatMs,
      leaseMs: config.runtimeLeaseMs,
      attemptsMax: config.jobAttemptsMax,
      onlyDeployedRuntimes: config.jobOnlyDeployedRuntimes,
    }
    const filesDir = join(config.dataDir, 'files')
    return [
      {
        prefix: '/model-manage/api',
        mount: (app, client) => modelManage(app, { database, mlc: client, filesDir, secretKey: keys.secret, settings }),
      },
      {
        prefix: '/mlc-service/rest',
        mount: (app, client) => mlc(app, { database, modelManage: client, shippedDefinitions, secretKey: keys.secret }),
      },
    ]
  }
}

// whoever read our output may have gone; the log goes on without a reader
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help')) {
    process.stdout.write(`Settings of the server (a flag wins over the variable):\n\n${describeSettings()}\n`)
    return 0
  }
  const config = parseServerConfig(argv, process.env)
  await tellParent({ loaded: true })
  const server = await startServer({
    config,
    databaseUrl: databaseUrl(config),
    openWings: openWings(config),
    version,
    logger: { level: config.logLevel },
  })
  if (config.unsecured)
    process.stderr.write(
      `\nUNSECURED: whoever reaches ${server.url} may do everything, without a token. Not for production.\n\n`,
    )
  await announce(server)
  await untilToldToStop(server)
  return 0
}

function databaseUrl(config: ServerConfig): Promise<string> {
  if (config.databaseUrl !== null) return Promise.resolve(config.databaseUrl)
  if (hasParent()) return hearDatabaseUrl()
  throw new InputError(
    'InvalidSetting',
    'Which database? Give --database-url postgres://user:password@host/database, or use `rowhouse server`, which brings its own',
  )
}

async function announce({ url, firstPassword }: RunningServer): Promise<void> {
  if (hasParent()) return tellParent({ ready: { url, firstPassword } })
  if (firstPassword)
    process.stdout.write(`user ${firstPassword.user}, password ${firstPassword.password} (shown this once)\n`)
  process.stdout.write(`ready ${url}\n`)
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isDatabaseAway(error)) return `The database went away while the server started: ${connectionFault(error)}`
  return error instanceof AppError ? error.message : (error.stack ?? error.message)
}

/** The first signal drains, the second does not wait. A parent that is gone is such a signal. */
function untilToldToStop(server: RunningServer): Promise<void> {
  return new Promise((settle, fail) => {
    let asked = false
    const stop = (graceMs?: number) => {
      if (asked) process.exit(1)
      asked = true
      server.stop(graceMs).then(settle, fail)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop())
    if (hasParent()) onParentGone(() => asked || stop(1000))
  })
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  const message = messageOf(error)
  if (hasParent()) await tellParent({ failed: message })
  else process.stderr.write(`rowhouse server: ${message}\n`)
  process.exit(error instanceof AppError && error.kind === 'InputError' ? 2 : 1)
}
