/** A public scheduler script, as its authors run it: an unsecured gateway, `moc` on the path, urllib where they have requests. */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deploy, writeRows } from './deploy.ts'
import { makeFolder, type Ran, type Rowhouse, readLines, root, startRowhouse } from './rowhouse.ts'

const script = `
import json, os, subprocess, sys, time, urllib.request
from datetime import datetime

gateway = os.environ["GATEWAY_URL"]
job_type = sys.argv[1] if len(sys.argv) > 1 else "batchjob"

with urllib.request.urlopen(gateway + "/model-manage/api/deployableModels") as answer:
    snapshots = json.loads(answer.read())["_embedded"]["deployableModels"]
wanted = [one for one in snapshots if os.environ["MODEL_TAG"] in one["storedModel"]["modelMetaData"]["tags"]]

def created(snapshot):
    text = snapshot["createdDate"].replace("Z", "")
    assert len(text.partition(".")[2]) in (0, 3, 6), text
    return datetime.fromisoformat(text)

model_id = os.environ.get("THING_ID") or max(wanted, key=created)["storedModel"]["id"]
subprocess.run(["moc", "init", gateway])
made = subprocess.run(
    ["moc", "job", "create", job_type, model_id, os.environ["INPUT"], os.environ["OUTPUT"], "--region=us-east-2"],
    stdout=subprocess.PIPE, check=True)
text = made.stdout.decode("utf-8").strip()
job_id = text[text.rindex(" ") + 1:]
began = time.time()
while time.time() - began < 120:
    asked = subprocess.run(["moc", "job", "status", job_id], stdout=subprocess.PIPE, check=True)
    status = asked.stdout.decode("utf-8").split("\\n")[1].split("\\t")[-2].strip()
    if status in ("ERROR", "COMPLETE"):
        break
    time.sleep(0.3)
print(status)
sys.exit(0 if status == "COMPLETE" else 1)
`

let rowhouse: Rowhouse
let deployment: string
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse({ args: ['--unsecured'] })
  deployment = await deploy(rowhouse, join(root, 'models/cc-fraud'))
  input = writeRows(rowhouse, 'rows.csv', 3)
  const moc = join(makeFolder(rowhouse, 'bin'), 'moc')
  writeFileSync(moc, `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'packages/moc/bin/moc.mjs')}" "$@"\n`)
  chmodSync(moc, 0o755)
  writeFileSync(join(rowhouse.folder, 'main.py'), script)
})
afterAll(() => rowhouse?.remove())

function schedule(args: string[], env: Record<string, string>): Promise<Ran> {
  const home = makeFolder(rowhouse, 'home')
  rmSync(join(home, '.config'), { recursive: true, force: true })
  const child = spawn('python3', ['main.py', ...args], {
    cwd: rowhouse.folder,
    // stdin stays open and says nothing, as under a supervisor: whoever asks there waits for ever
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: `${join(rowhouse.folder, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: home,
      GATEWAY_URL: rowhouse.url,
      MODEL_TAG: 'cc-fraud',
      ...env,
    },
  })
  const ran = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text
  })
  return new Promise((settle) => child.once('close', (code) => settle({ code, ...ran })))
}

describe('the script that picks the youngest snapshot by tag', () => {
  const sample = `file://${join(root, 'models/cc-fraud/sample.csv')}`
  const output = () => join(rowhouse.folder, 'scores.csv')

  it.each(['batchjob', 'deployedbatch'])('creates a %s and polls it to COMPLETE', async (jobType) => {
    const rows = join(rowhouse.folder, 'sample.csv')
    writeFileSync(rows, readLines(join(root, 'models/cc-fraud/sample.csv')).join('\n'))
    const env = { INPUT: `file://${rows}`, OUTPUT: `file://${output()}` }
    const ran = await schedule([jobType], jobType === 'batchjob' ? env : { ...env, THING_ID: deployment })
    expect(ran).toMatchObject({ code: 0, stdout: 'COMPLETE\n' })
    expect(readLines(output())).toHaveLength(readLines(rows).length)
    rmSync(output())
  })

  it('ends with 1 where the job ends in ERROR: an input outside of what the runtime may read', async () => {
    const ran = await schedule([], { INPUT: sample, OUTPUT: `file://${output()}` })
    expect(ran).toMatchObject({ code: 1, stdout: 'ERROR\n' })
    expect(existsSync(output())).toBe(false)
  })

  it('hands over credentials in its URLs, which are stored and told nowhere', async () => {
    const url = (path: string) => `http://KEY:my-bucket-secret@127.0.0.1:9/${path}`
    const ran = await schedule([], { INPUT: url('in.csv'), OUTPUT: url('out.csv') })
    expect(ran).toMatchObject({ code: 1, stdout: 'ERROR\n' })
    const [job] = (await rowhouse.client.jobs.list({ size: 1 }))._embedded.jobs ?? []
    const whole = JSON.stringify(await rowhouse.client.jobs.get(job?.id ?? ''))
    expect(whole).toContain('127.0.0.1:9/in.csv')
    expect(whole + ran.stderr + rowhouse.said()).not.toContain('my-bucket-secret')
  })

  it('finds nothing to do without its tag, and stops at a job that cannot be made', async () => {
    const ran = await schedule(['deployedbatch'], { INPUT: `file://${input}`, OUTPUT: 'o.csv', THING_ID: 'nobody' })
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain("moc: No deployed model with id 'nobody'")
  })
})
