/** A terminal session as the reader would type it: the line, then the answer in short. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Folder, root, Stop } from './prepare.ts'

export interface Shell {
  heading(text: string): void
  /** Runs moc and shows the line and what it printed; answers its stdout. */
  moc(args: string[], options?: { mayFail?: boolean; quiet?: boolean; stdin?: string }): Promise<string>
  /** One REST call, shown as the curl line; answers the parsed body. `show` is what is printed of it. */
  curl<T>(call: {
    method?: string
    path: string
    body?: unknown
    form?: Record<string, string>
    show: (body: T) => string
  }): Promise<T>
  /** A GET that is not shown: looking again and again while the reader waits. */
  look<T>(path: string): Promise<T>
  print(text: string): void
}

export function makeShell(url: string, folder: Folder): Shell {
  let token: string | undefined
  const print = (text: string) => void process.stdout.write(`${text}\n`)

  async function curl<T>(call: Parameters<Shell['curl']>[0] & { show: (body: T) => string }): Promise<T> {
    const method = call.method ?? (call.body === undefined && call.form === undefined ? 'GET' : 'POST')
    print(curlLine(url, call, method, token !== undefined))
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    const payload = call.form === undefined ? JSON.stringify(call.body) : new URLSearchParams(call.form)
    const response = await fetch(url + call.path, { method, headers, ...(method === 'GET' ? {} : { body: payload }) })
    const body = (await response.json()) as T & { access_token?: string; message?: string }
    if (!response.ok)
      throw new Stop(`${call.path} answered ${response.status}: ${body.message ?? JSON.stringify(body)}`)
    if (typeof body.access_token === 'string') token = body.access_token
    print(call.show(body))
    return body
  }

  return {
    print,
    heading: (text) => print(`\n\u2500\u2500 ${text}`),
    curl,
    look: async (path) => {
      const response = await fetch(url + path, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      })
      if (!response.ok) throw new Stop(`${path} answered ${response.status}: ${await response.text()}`)
      return response.json() as Promise<never>
    },
    moc: (args, options = {}) => runMoc(args, folder, options, print),
  }
}

async function runMoc(
  args: string[],
  folder: Folder,
  options: { mayFail?: boolean; quiet?: boolean; stdin?: string },
  print: (text: string) => void,
): Promise<string> {
  if (!options.quiet) print(`$ npx moc ${args.map(quote).join(' ')}`)
  const child = spawn(process.execPath, [join(root, 'packages', 'moc', 'bin', 'moc.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, ROWHOUSE_MOC_CONFIG: folder.mocConfig },
    stdio: ['pipe', 'pipe', options.quiet ? 'ignore' : 'inherit'],
  })
  child.stdin.end(options.stdin ?? '')
  let stdout = ''
  for await (const chunk of child.stdout) stdout += chunk
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)))
  if (!options.quiet && stdout !== '') process.stdout.write(stdout)
  if (code !== 0 && !options.mayFail) throw new Stop(`moc ${args.slice(0, 2).join(' ')} ended with exit code ${code}`)
  return stdout.trim()
}

function curlLine(
  url: string,
  call: { path: string; body?: unknown; form?: Record<string, string> },
  method: string,
  signedIn: boolean,
): string {
  const parts = [`$ curl${method === 'GET' ? '' : ` --request ${method}`} '${url}${call.path}'`]
  if (signedIn) parts.push(`--header "Authorization: Bearer $TOKEN"`)
  if (call.body !== undefined)
    parts.push("--header 'Content-Type: application/json'", `--data-raw '${JSON.stringify(call.body)}'`)
  for (const [name, value] of Object.entries(call.form ?? {}))
    parts.push(`--data-urlencode '${name}=${name === 'password' ? '…' : value}'`)
  return parts.join(' \\\n    ')
}

function quote(arg: string): string {
  return /^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg}'`
}

export function lastWord(text: string): string {
  return text.trim().split(/\s+/).at(-1) ?? ''
}
