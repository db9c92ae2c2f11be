/** venv and pip as child programs: their words line by line, and an environment without the agent's secrets. */
import { spawn } from 'node:child_process'
import { eachLine } from './lines.ts'

/** What pip needs to reach an index: its own settings, proxies, certificates. */
const passedOn = /^(PATH|HOME|TMPDIR|LANG|LC_.*|PIP_.*|UV_.*|.*_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/i
const linesKept = 200

export async function runInstaller(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<{ code: number | null; lines: string[] }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)))
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const hear = (line: string) => {
    if (line.trim() === '') return
    onLine(line)
    if (lines.push(line) > linesKept) lines.shift()
  }
  eachLine(child.stdout, hear)
  eachLine(child.stderr, hear)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, lines }
}
