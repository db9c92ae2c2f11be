import { exitCode, explain } from './exit.ts'
import { saysOnInterrupt } from './interrupt.ts'
import { makeProgram } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.ok)
  process.stderr.write(`moc: stdout cannot be written (${error.code ?? error.message})\n`)
  process.exit(exitCode.failure)
})
// Nobody reads the talk: the work goes on all the same.
process.stderr.on('error', () => undefined)
for (const [signal, code] of [
  ['SIGINT', exitCode.interrupted],
  ['SIGTERM', exitCode.terminated],
] as const) {
  process.on(signal, () => {
    for (const line of saysOnInterrupt()) process.stderr.write(`${line}\n`)
    process.exit(code)
  })
}

try {
  await makeProgram().parseAsync(process.argv)
} catch (thrown) {
  const { code, text } = explain(thrown)
  if (text !== '') process.stderr.write(`${text}\n`)
  process.exitCode = code
}
