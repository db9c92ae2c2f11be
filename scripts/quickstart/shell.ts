/** A terminal session as the reader would type it: the line, then the answer in short. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Folder, root, Stop } from './prepare.ts'

export interface Shell {
  heading(text: string): void
  /** Runs moc and shows the line and what it printed. */
  moc(args: string[], from?: StandardInput): Promise<void>
  /** Runs moc without a word, for its stdout. */
  ask(args: string[]): Promise<string>
  /** Gets the token of the calls that follow. */
  signIn(username: string, password: StandardInput): Promise<void>
  /** One REST call, shown as the curl line; answers the parsed body. `show` is what is printed of it. */
  curl<T>(call: { method?: string; path: string; body?: unknown; show: (body: T) => string }): Promise<T>
  /** A GET that is not shown: looking again and again while the reader waits. */
  look<T>(path: string): Promise<T>
  print(text: string): void
}

/** A file and what is in it. */
export interface StandardInput {
  file: string
  text: string
}

const readToken = `python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])'`

/** Nothing more is typed once the signal has come. */
export function makeShell(url: string, folder: Folder, signal: AbortSignal): Shell {
  let token = ''
  const print = (text: string) => {
    signal.throwIfAborted()
    process.stdout.write(`${text}\n`)
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` }
    const isForm = body instanceof URLSearchParams
    if (body !== undefined && !isForm) headers['content-type'] = 'application/json'
    const payload = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }
    const response = await fetch(url + path, { method, headers, signal, ...payload })
    const text = await response.text()
    if (!response.ok) throw new Stop(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text) as T
  }

  return {
    print,
    heading: (text) => print(`\n\u2500\u2500 ${text}`),
    async signIn(username, { file, text }) {
      print(`$ TOKEN=$(curl -s '${url}/gocli/token' --data-urlencode username=${username} \\
    --data-urlencode "password=$(cat ${file})" \\
    | ${readToken})`)
      const form = new URLSearchParams({ username, password: text.trim() })
      token = (await call<{ access_token: string }>('POST', '/gocli/token', form)).access_token
    },
    async curl({ method, path, body, show }) {
      const verb = method ?? (body === undefined ? 'GET' : 'POST')
      print(curlLine(url, { path, body }, verb))
      const answer = await call<never>(verb, path, body)
      print(show(answer))
      return answer
    },
    look: (path) => call('GET', path),
    async moc(args, from) {
      print(`$ npx moc ${args.map(quote).join(' ')}${from === undefined ? '' : ` < ${from.file}`}`)
      await runMoc(args, folder, { stdin: from?.text ?? '', isShown: true })
      signal.throwIfAborted()
    },
    ask: (args) => runMoc(args, folder, { stdin: '', isShown: false }),
  }
}

/** On a terminal its own output is moc's too, so that lists and progress look as they do for a user. */
async function runMoc(
  args: string[],
  folder: Folder,
  { stdin, isShown }: { stdin: string; isShown: boolean },
): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'packages', 'moc', 'bin', 'moc.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, ROWHOUSE_MOC_CONFIG: folder.mocConfig },
    stdio: ['pipe', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  child.stdin?.end(stdin)
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await ended
  if (code !== 0) throw new Stop(`${stderr}moc ${args.slice(0, 2).join(' ')} ended with exit code ${code}`)
  return stdout.trim()
}

function curlLine(url: string, { path, body }: { path: string; body?: unknown }, method: string): string {
  const parts = [
    `$ curl${method === 'GET' ? '' : ` --request ${method}`} '${url}${path}'`,
    `--header "Authorization: Bearer $TOKEN"`,
  ]
  if (body !== undefined)
    parts.push("--header 'Content-Type: application/json'", `--data-raw '${JSON.stringify(body)}'`)
  return parts.join(' \\\n    ')
}

function quote(arg: string): string {
  return /^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg}'`
}
