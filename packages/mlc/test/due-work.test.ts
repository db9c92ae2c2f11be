import { describe, expect, it } from 'vitest'
import { chain, delegateTask, diagram, expressionTask, externalTask, onSignal, userTask } from './diagram.ts'
import { type MlcServer, startMlc, until } from './mlc-server.ts'

const asyncChain = diagram(
  'p',
  '<bpmn:startEvent id="s"/><bpmn:serviceTask id="a" camunda:asyncBefore="true" camunda:expression="${execution.setVariable(\'n\', n + 1)}"/><bpmn:userTask id="t"/>' +
    '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="t"/>',
)
const create = onSignal('c', 'go', [delegateTask('make', 'CreateModelBatchJob'), userTask('t')])

const asyncTask = '<bpmn:serviceTask id="a" camunda:asyncBefore="true" camunda:expression="${missing}"/>'

const count = async (server: MlcServer, path: string) => (await server.call('GET', path)).body.count as number

describe('due work', () => {
  it('is run once, however many servers look for it', async () => {
    const server = await startMlc()
    await Promise.all([server.second(), server.second()])
    await server.deploy({ 'p.bpmn': asyncChain })
    const start = () => server.call('POST', '/process-definition/key/p/start', { variables: { n: { value: 0 } } })
    await Promise.all(Array.from({ length: 30 }, start))
    await until(async () => (await count(server, '/task/count')) === 30)
    const { body } = await server.call('GET', '/variable-instance?variableName=n')
    expect(body.map((one: { value: number }) => one.value)).toEqual(Array(30).fill(1))
  })

  it('of a server that died is taken over when its lock is over', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': asyncChain })
    await server.call('PUT', '/job-definition/suspended', {
      processDefinitionKey: 'p',
      suspended: true,
      includeJobs: true,
    })
    await server.call('POST', '/process-definition/key/p/start', { variables: { n: { value: 0 } } })
    await server.database.pool.query(
      `update mlc.due_work set lock_owner = 'dead', lock_expires_at = now() + interval '1 second', is_suspended = false`,
    )
    await until(async () => (await count(server, '/task/count')) === 1)
  })

  it('is made of a built-in delegate, and of nothing else: a start answers when all before it has run', async () => {
    const server = await startMlc()
    let release = () => undefined as unknown
    server.modelManage.holdJobs = new Promise<void>((resolve) => {
      release = resolve as () => undefined
    })
    const steps = [
      expressionTask('x', "${execution.setVariable('done', true)}"),
      delegateTask('make', 'CreateModelBatchJob'),
    ]
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', steps) })
    // when the start is answered although the delegate is not
    await server.call('POST', '/signal', { name: 'go', variables: { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } } })
    // then
    const { body } = await server.call('GET', '/variable-instance?variableName=done')
    expect(body).toMatchObject([{ value: true }])
    expect((await server.call('GET', '/job')).body).toMatchObject([{ processDefinitionKey: 'p', retries: 3 }])
    const activities = await server.call('GET', '/history/activity-instance?activityId=x')
    expect(activities.body).toMatchObject([{ endTime: expect.any(String) }])
    release()
    await until(async () => (await count(server, '/history/process-instance/count?completed=true')) === 1)
  })

  it('of a delegate is run with a key of its own: a repeated call is the same job', async () => {
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': create })
    const variables = { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } }
    const { body } = await server.call('POST', '/signalResponsive', { name: 'go', variables })
    await until(async () => (await count(server, '/task/count')) === 1)
    expect(server.modelManage.jobs.map((job) => job.key)).toEqual([
      expect.stringContaining(`${body.processInstanceId}:make:`),
    ])
  })

  it('whose delegate answers after the instance was deleted leaves no job behind', async () => {
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': create })
    let release = () => undefined as unknown
    server.modelManage.holdJobs = new Promise<void>((resolve) => {
      release = resolve as () => undefined
    })
    const variables = { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } }
    const { body } = await server.call('POST', '/signalResponsive', { name: 'go', variables })
    await until(async () => server.modelManage.jobsAsked === 1)
    await server.call('DELETE', `/process-instance/${body.processInstanceId}`)
    const errands = `select count(*)::int as count from mlc.due_work where kind = 'cancel-jobs'`
    await until(async () => (await server.database.pool.query(errands)).rows[0].count === 0)
    expect(server.modelManage.cancelled).toEqual([])
    release()
    await until(async () => server.modelManage.cancelled.length === 1)
    expect(server.modelManage.cancelled).toMatchObject([{ jobId: 'job-1' }])
  })

  it('that two hands did, after its instance was suspended and activated, keeps the one job of both', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [delegateTask('make', 'CreateModelBatchJob')]) })
    const { promise, resolve } = Promise.withResolvers<void>()
    server.modelManage.holdJobs = promise
    const trigger = async (): Promise<string> => {
      const variables = { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } }
      return (await server.call('POST', '/signalResponsive', { name: 'go', variables })).body.processInstanceId
    }
    const isCompleted = async (id: string) =>
      (await server.call('GET', `/history/process-instance/${id}`)).body.state === 'COMPLETED'
    const id = await trigger()
    await until(async () => server.modelManage.jobsAsked === 1)
    for (const suspended of [true, false]) await server.call('PUT', `/process-instance/${id}/suspended`, { suspended })
    await until(async () => server.modelManage.jobsAsked === 2)
    resolve()
    await until(() => isCompleted(id))
    // by then the slower hand is done, too
    const later = await trigger()
    await until(() => isCompleted(later))
    const errands = await server.database.pool.query(`select 1 from mlc.due_work where kind = 'cancel-jobs'`)
    expect([errands.rows, server.modelManage.cancelled, server.modelManage.jobs.length]).toEqual([[], [], 2])
  })

  it('that was lost on the way back from the database is run again, however busy its server is', async () => {
    // given a server busy with a delegate that does not answer
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': create, 'p.bpmn': asyncChain })
    let release = () => undefined as unknown
    server.modelManage.holdJobs = new Promise<void>((resolve) => {
      release = resolve as () => undefined
    })
    const variables = { DEPLOYED_MODEL: { value: { id: 'deployed-1' } } }
    await server.call('POST', '/signalResponsive', { name: 'go', variables })
    await until(async () => server.modelManage.jobsAsked === 1)
    // when work carries its lock although nobody has it in hand
    await server.call('PUT', '/job-definition/suspended', {
      processDefinitionKey: 'p',
      suspended: true,
      includeJobs: true,
    })
    await server.call('POST', '/process-definition/key/p/start', { variables: { n: { value: 0 } } })
    await server.database.pool.query(
      `update mlc.due_work set lock_owner = (select lock_owner from mlc.due_work where lock_owner is not null), lock_expires_at = now() + interval '6 seconds', is_suspended = false where activity_id = 'a'`,
    )
    // then it runs when that lock is over
    await until(async () => (await count(server, '/task/count')) === 1)
    release()
  })

  it('that fails with a text that is cut within a character ends in an incident', async () => {
    const server = await startMlc()
    await server.deploy({ 'p.bpmn': onSignal('p', 'go', [expressionTask('x', '${s + 1}')]) })
    const text = '😀'.repeat(3000)
    for (const value of [text, `-${text}`]) {
      await server.call('POST', '/signalResponsive', { name: 'go', variables: { s: { value } } })
    }
    await until(async () => (await count(server, '/incident/count')) === 2)
  })

  it('is run by hand: a failure is told and costs no retry', async () => {
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': create })
    await server.call('POST', '/signalResponsive', { name: 'go' })
    const incident = await until(async () => (await server.call('GET', '/incident')).body[0])
    const executed = await server.call('POST', `/job/${incident.configuration}/execute`)
    expect(executed.status).toBe(404)
    expect(executed.body.message).toContain('DEPLOYED_MODEL')
    const { body: job } = await server.call('GET', `/job/${incident.configuration}`)
    expect(job).toMatchObject({ retries: 0, failedActivityId: 'make' })
    const stack = await server.call('GET', `/job/${job.id}/stacktrace`, undefined, {
      headers: { accept: 'text/plain' },
    })
    expect(stack.body).toContain('MissingVariable')
    expect(
      (await server.call('GET', `/job/${job.id}/stacktrace`, undefined, { headers: { accept: 'application/json' } }))
        .status,
    ).toBe(406)
  })

  it('is suspended with its job definition under the lock of its instance, whose step would undo it', async () => {
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': onSignal('c', 'go', [{ id: 'a', xml: asyncTask }]) })
    await server.call('POST', '/signalResponsive', { name: 'go' })
    await until(async () => (await count(server, '/incident/count')) === 1)
    // given a step under way
    const step = await server.database.pool.connect()
    await step.query('begin')
    await step.query('select 1 from mlc.instance for update')
    // when
    const suspension = server.call('PUT', '/job-definition/suspended', {
      ...{ processDefinitionKey: 'c', suspended: true, includeJobs: true },
    })
    // then
    await until(async () => {
      const { rows } = await step.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length > 0
    })
    await step.query('commit')
    step.release()
    expect((await suspension).status).toBe(204)
    expect((await server.call('GET', '/job')).body).toMatchObject([{ suspended: true }])
  })

  it.each([
    ['has done it, it is done', 'delete from mlc.due_work', { status: 204 }],
    [
      'gives it back, it is run',
      'update mlc.due_work set lock_owner = null, lock_expires_at = null',
      { status: 404, body: { message: expect.stringContaining('the variable DEPLOYED_MODEL') } },
    ],
  ])('is not run by hand beside somebody who runs it: when he %s', async (_, end, answer) => {
    const server = await startMlc()
    await server.deploy({ 'c.bpmn': create })
    await server.call('POST', '/signalResponsive', { name: 'go' })
    const { configuration: id } = await until(async () => (await server.call('GET', '/incident')).body[0])
    await server.database.pool.query(
      `update mlc.due_work set lock_owner = 'other', lock_expires_at = now() + interval '1 minute'`,
    )
    let isAnswered = false
    const executed = server.call('POST', `/job/${id}/execute`).finally(() => {
      isAnswered = true
    })
    // when it was looked at and found to be somebody's
    await until(async () => {
      const { rows } = await server.database.pool.query(
        `select 1 from pg_stat_activity where datname = current_database()
          and query like '%update mlc.due_work set lock_owner = $1%' and query not like '%pg_stat_activity%'`,
      )
      return rows.length > 0
    })
    expect(isAnswered).toBe(false)
    await server.database.pool.query(end)
    expect(await executed).toMatchObject(answer)
  })

  it('of a start timer that is run by hand tells its failure too, and costs no retry', async () => {
    const server = await startMlc()
    const start =
      '<bpmn:startEvent id="s"><bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>'
    const { id, xml } = expressionTask('x', '${missing + 1}')
    await server.deploy({ 'p.bpmn': diagram('p', `${start}${xml}${chain('s', id)}`) })
    const [timer] = (await server.call('GET', '/job')).body
    const executed = await server.call('POST', `/job/${timer.id}/execute`)
    expect(executed.status).toBe(404)
    expect(executed.body.message).toContain("Cannot resolve identifier 'missing'")
    expect((await server.call('GET', `/job/${timer.id}`)).body).toMatchObject({ retries: 3, dueDate: timer.dueDate })
  })
})

describe('a timer', () => {
  it('that starts a process is not given up because other transactions were faster', async () => {
    const server = await startMlc()
    const start =
      '<bpmn:startEvent id="s"><bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:startEvent>'
    await server.deploy({ 'p.bpmn': diagram('p', `${start}${userTask('t').xml}${chain('s', 't')}`) })
    // given the first three rounds fail as those that meet a deadlock do
    await server.database.pool.query(`
      create sequence public.tries;
      create function public.thwart() returns trigger language plpgsql as $$
        begin
          if nextval('public.tries') <= 3 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
          return new;
        end $$;
      create trigger thwart before insert on mlc.instance for each row execute function public.thwart()`)
    // when it is due
    const [timer] = (await server.call('GET', '/job')).body
    await server.call('PUT', `/job/${timer.id}/duedate`, { duedate: null })
    // then
    await until(async () => (await count(server, '/task/count')) === 1)
    expect((await server.call('GET', `/job/${timer.id}`)).body.retries).toBe(3)
  })

  it('that is to wait for ever waits to the end of the calendar', async () => {
    const server = await startMlc()
    const timer = '<bpmn:timerEventDefinition><bpmn:timeDuration>P9999Y</bpmn:timeDuration></bpmn:timerEventDefinition>'
    const wait = `<bpmn:intermediateCatchEvent id="w">${timer}</bpmn:intermediateCatchEvent>`
    await server.deploy({ 'p.bpmn': diagram('p', `<bpmn:startEvent id="s"/>${wait}${chain('s', 'w')}`) })
    expect((await server.call('POST', '/process-definition/key/p/start', {})).status).toBe(200)
    expect((await server.call('GET', '/job')).body[0].dueDate).toBe('9999-12-31T23:59:59.999+0000')
  })
})

describe('external tasks', () => {
  const work = onSignal('x', 'go', [externalTask('score', 'scoring')])
  const fetch = (asyncResponseTimeout: number) => ({
    workerId: 'w',
    maxTasks: 5,
    asyncResponseTimeout,
    topics: [{ topicName: 'scoring', lockDuration: 60_000 }],
  })

  it('wait with a long poll until there is work, also made by another server', async () => {
    const server = await startMlc()
    const other = await server.second()
    await server.deploy({ 'x.bpmn': work })
    const polled = server.call('POST', '/external-task/fetchAndLock', fetch(60_000))
    await other.inject({
      method: 'POST',
      url: '/mlc-service/rest/signal',
      headers: { authorization: 'Bearer user' },
      payload: { name: 'go' },
    })
    const { body } = await polled
    expect(body).toMatchObject([{ topicName: 'scoring', workerId: 'w', retries: null }])
    const done = await server.call('POST', `/external-task/${body[0].id}/complete`, { workerId: 'w' })
    expect(done.status).toBe(204)
    expect(await count(server, '/history/process-instance/count?completed=true')).toBe(1)
  })

  it('answer an empty list when the time is over, and when the server closes', async () => {
    const server = await startMlc()
    expect((await server.call('POST', '/external-task/fetchAndLock', fetch(20))).body).toEqual([])
    expect((await server.call('POST', '/external-task/fetchAndLock', fetch(1_800_001))).status).toBe(400)
    const parked = server.call('POST', '/external-task/fetchAndLock', fetch(600_000))
    await server.app.close()
    expect((await parked).body).toEqual([])
  })

  it('are given to one worker only', async () => {
    const server = await startMlc()
    await server.deploy({ 'x.bpmn': work })
    for (let i = 0; i < 10; i++) await server.call('POST', '/signal', { name: 'go' })
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => server.call('POST', '/external-task/fetchAndLock', fetch(0))),
    )
    const ids = answers.flatMap((answer) => answer.body.map((task: { id: string }) => task.id))
    expect(new Set(ids).size).toBe(ids.length)
    const rest = await server.call('POST', '/external-task/fetchAndLock', { ...fetch(0), maxTasks: 20 })
    expect(ids.length + rest.body.length).toBe(10)
  })
})
