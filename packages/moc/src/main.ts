import { exitCode, explain } from './exit.ts'
import { makeProgram } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.ok)
  throw error
})
process.on('SIGINT', () => process.exit(exitCode.interrupted))

try {
  await makeProgram().parseAsync(process.argv)
} catch (thrown) {
  const { code, text } = explain(thrown)
  if (text !== '') process.stderr.write(`${text}\n`)
  process.exitCode = code
}
