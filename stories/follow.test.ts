/** Following a process instance by hand: where it waits, why it stopped, how it is mended. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { deploy, writeRows } from './deploy.ts'
import { eventually, lastWord, type Rowhouse, root, startRowhouse } from './rowhouse.ts'

let rowhouse: Rowhouse
let input: string

beforeAll(async () => {
  rowhouse = await startRowhouse()
  await deploy(rowhouse, 'counts-records')
  input = writeRows(rowhouse, 'rows.csv', 5)
})
afterAll(() => rowhouse?.remove())

const withUserTask = `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="stories">
<process id="approval" isExecutable="true" camunda:historyTimeToLive="P1D">
<startEvent id="start"><signalEventDefinition signalRef="go" /></startEvent>
<sequenceFlow id="a" sourceRef="start" targetRef="look" />
<userTask id="look" name="Look at it" />
<sequenceFlow id="b" sourceRef="look" targetRef="end" />
<endEvent id="end" />
</process>
<signal id="go" name="please_approve" />
</definitions>`

function write(name: string, text: string): string {
  const path = join(rowhouse.folder, name)
  writeFileSync(path, text)
  return path
}

it('trigger --wait prints the id last, also when the instance stops with an incident', async () => {
  const body = { name: 'com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB', variables: {} }
  const ran = await rowhouse.moc('mlc', 'trigger', '--wait', '--file', write('no-tag.json', JSON.stringify(body)))
  expect(ran.code).toBe(1)
  expect(ran.stdout).toBe(`Process instance ${lastWord(ran.stdout)}\n`)
  expect(ran.stderr).toContain(`Started process instance ${lastWord(ran.stdout)}`)
})

async function trigger(name: string, variables: Record<string, unknown>): Promise<string> {
  const ran = await rowhouse.moc('mlc', 'trigger', '--file', write('trigger.json', JSON.stringify({ name, variables })))
  expect(ran).toMatchObject({ code: 0 })
  return lastWord(ran.stdout)
}

it('follow says where an instance waits, and goes on when the task is completed', async () => {
  expect(await rowhouse.moc('mlc', 'deploy', write('approval.bpmn', withUserTask))).toMatchObject({ code: 0 })
  const id = await trigger('please_approve', {})
  const child = spawn(process.execPath, [join(root, 'packages/moc/bin/moc.mjs'), 'follow', id], {
    env: { ...process.env, ROWHOUSE_MOC_CONFIG: join(rowhouse.folder, 'moc-config.json') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  const word = `Process instance ${id} waits at 'Look at it' (userTask look)\n`
  await eventually('the word', async () => (said.includes(word) ? true : undefined))
  const headers = { authorization: `Bearer ${rowhouse.token}`, 'content-type': 'application/json' }
  const tasks = await fetch(`${rowhouse.url}/mlc-service/rest/task?processInstanceId=${id}`, { headers })
  const [task] = (await tasks.json()) as { id: string }[]
  await fetch(`${rowhouse.url}/mlc-service/rest/task/${task?.id}/complete`, { method: 'POST', headers, body: '{}' })
  expect(await ended).toBe(0)
  expect(said).toContain(`Process instance ${id} COMPLETED`)
})

it('a wrong tag is an incident; retry puts it right and the instance goes on to its end', async () => {
  const id = await trigger('com.modelop.mlc.definitions.Signals_DEPLOYED_BATCH_JOB', {
    TAG: { value: 'cc-fruad' },
    MODEL_STAGE: { value: 'DEV' },
    INPUT_FILE: { value: input },
    OUTPUT_FILE: { value: join(rowhouse.folder, 'out.csv') },
  })
  const followed = await rowhouse.moc('follow', id)
  expect(followed.code).toBe(1)
  expect(followed.stderr).toContain(`mend the cause, then: moc mlc retry ${id}`)
  expect(await rowhouse.moc('mlc', 'retry', id, '--set', 'TAG')).toMatchObject({
    code: 2,
    stderr: "moc: --set takes NAME=VALUE, not 'TAG'\n",
  })
  expect(await rowhouse.moc('mlc', 'retry', id, '--set', 'TAG=cc-fraud')).toMatchObject({ code: 0 })
  expect(await rowhouse.moc('follow', id)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/COMPLETE SUCCESS: 5 records in/),
  })
  expect(await rowhouse.moc('mlc', 'retry', id)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no incident/),
  })
})
