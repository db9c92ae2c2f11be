import { runBatchJobSignal } from '@rowhouse/contract'
import { describe, expect, it } from 'vitest'
import { definition, type MlcServer, startMlc, until } from './mlc-server.ts'

const body = { name: runBatchJobSignal, variables: { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'DEV' } } }

async function withRunBatchJob(): Promise<MlcServer> {
  return startMlc({ shipped: [{ file: 'RunBatchJob.bpmn', xml: await definition('RunBatchJob.bpmn') }] })
}

async function trigger(server: MlcServer, change: object = {}): Promise<string> {
  const answer = await server.call('POST', '/signalResponsive', { ...body, ...change })
  expect(answer.status).toBe(200)
  return answer.body.processInstanceId
}

function tellEnd(server: MlcServer, job: { id: string; jobStatus: string; jobResult: string }, eventId: string) {
  return server.call(
    'POST',
    '/events',
    {
      events: [
        {
          eventId,
          signal: 'job_status_changed',
          objectId: job.id,
          variables: { JOB: { id: job.id, jobStatus: job.jobStatus, jobResult: job.jobResult, outcome: null } },
          message: { name: 'rowhouse.job.ended', correlationKey: job.id },
        },
      ],
    },
    { as: 'internal' },
  )
}

async function ended(server: MlcServer, id: string): Promise<{ state: string; activities: string[] }> {
  const state = await until(async () => {
    const { body: history } = await server.call('GET', `/history/process-instance/${id}`)
    return history.state === 'ACTIVE' ? undefined : (history.state as string)
  })
  const { body: activities } = await server.call('GET', `/history/activity-instance?processInstanceId=${id}`)
  return { state, activities: activities.map((activity: { activityId: string }) => activity.activityId) }
}

const jobOf = (server: MlcServer) => until(async () => server.modelManage.jobs[0])

describe('RunBatchJob', () => {
  it('creates a job for the newest deployment, waits for its end and completes', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    const job = await jobOf(server)
    expect(job.body).toMatchObject({
      deployedModel: { id: 'deployed-1' },
      jobMLCS: [{ processInstance: { id, rootProcessInstanceId: id, processDefinitionKey: 'RunBatchJob' } }],
    })
    await until(async () => (await server.call('GET', `/event-subscription?processInstanceId=${id}`)).body.length === 1)
    await tellEnd(server, { ...job, jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }, 'e1')
    const { state, activities } = await ended(server, id)
    expect(state).toBe('COMPLETED')
    expect(activities).toEqual([
      'triggered',
      'findDeployment',
      'getAssets',
      'createJob',
      'waitForJob',
      'howEnded',
      'complete',
    ])
    expect(server.modelManage.notifications).toEqual([])
  })

  it('takes the end of a job that was told before it waited for it', async () => {
    const server = await withRunBatchJob()
    // the stand-in numbers its jobs: this is the first one's end
    await tellEnd(server, { id: 'job-1', jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }, 'early')
    const id = await trigger(server)
    expect((await ended(server, id)).state).toBe('COMPLETED')
  })

  it.each([
    ['COMPLETE', 'FAILURE', 'completeWithRejects', 'WARNING'],
    ['ERROR', 'UNKNOWN', 'error', 'ERROR'],
  ])(
    'a job that is %s with %s ends at %s with a notification of severity %s',
    async (jobStatus, jobResult, end, severity) => {
      const server = await withRunBatchJob()
      const id = await trigger(server)
      const job = await jobOf(server)
      await tellEnd(server, { ...job, jobStatus, jobResult }, 'e1')
      const { activities } = await ended(server, id)
      expect(activities.at(-1)).toBe(end)
      expect(server.modelManage.notifications).toMatchObject([
        { severity, jobId: job.id, notificationType: 'JobNotification' },
      ])
    },
  )

  it('a cancelled job ends at an end of its own', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    const job = await jobOf(server)
    await tellEnd(server, { ...job, jobStatus: 'CANCELLED', jobResult: 'UNKNOWN' }, 'e1')
    expect((await ended(server, id)).activities.at(-1)).toBe('wasCancelled')
    expect(server.modelManage.notifications).toEqual([])
  })

  it('asks for the job itself when no news comes', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    const job = await jobOf(server)
    const guard = await until(
      async () => (await server.call('GET', `/job?processInstanceId=${id}&timers=true`)).body[0],
    )
    Object.assign(job, { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    await server.call('PUT', `/job/${guard.id}/duedate`, { duedate: '2020-01-01T00:00:00.000+0000' })
    const { state, activities } = await ended(server, id)
    expect(state).toBe('COMPLETED')
    expect(activities).toContain('askForJob')
  })

  it('goes on waiting when the job it asked for still runs', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    const job = await jobOf(server)
    const guard = await until(
      async () => (await server.call('GET', `/job?processInstanceId=${id}&timers=true`)).body[0],
    )
    await server.call('PUT', `/job/${guard.id}/duedate`, { duedate: '2020-01-01T00:00:00.000+0000' })
    await until(async () => {
      const { body: timers } = await server.call('GET', `/job?processInstanceId=${id}&timers=true`)
      return timers.length === 1 && timers[0].id !== guard.id
    })
    await tellEnd(server, { ...job, jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }, 'e1')
    expect((await ended(server, id)).activities.at(-1)).toBe('complete')
  })

  it('passes the files of the signal on', async () => {
    const server = await withRunBatchJob()
    const asset = { assetType: 'EXTERNAL_FILE', fileUrl: 'https://host/out.csv' }
    await trigger(server, {
      variables: { ...body.variables, INPUT_FILE: { value: '/data/in file.csv' }, OUTPUT_FILE: { value: asset } },
    })
    const job = await jobOf(server)
    expect(job.body).toMatchObject({
      inputData: [{ assetType: 'EXTERNAL_FILE', fileUrl: 'file:///data/in%20file.csv', filename: 'in file.csv' }],
      outputData: [asset],
    })
  })

  it.each([
    ['an object', { timeoutSeconds: 5 }],
    ['its JSON as a text', ' {"timeoutSeconds": 5}\n'],
  ])('passes the parameters of the signal on: %s', async (_, value) => {
    const server = await withRunBatchJob()
    await trigger(server, { variables: { ...body.variables, JOB_PARAMETERS: { value } } })
    expect((await jobOf(server)).body.jobParameters).toEqual({ timeoutSeconds: 5 })
  })

  it('keeps documents as variables without the contents of their assets', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    await jobOf(server)
    const { body: variables } = await server.call('GET', `/process-instance/${id}/variables`)
    expect(variables.DEPLOYED_MODEL.value.id).toBe('deployed-1')
    expect(variables.INPUT_ASSETS.value).toMatchObject([{ name: 'in.csv' }])
    expect(JSON.stringify(variables)).not.toMatch(/sourceCode|fileContent/)
  })
})

describe('a batch job that cannot be run', () => {
  it.each([
    [
      'no deployment',
      { TAG: { value: 'cc-fraud' }, MODEL_STAGE: { value: 'PROD' } },
      "tag 'cc-fraud' on the stage 'PROD'; nearest: 'cc-fraud' on 'DEV'",
      'findDeployment',
    ],
    ['no TAG', { MODEL_STAGE: { value: 'DEV' } }, 'the variable TAG', 'findDeployment'],
    ['no MODEL_STAGE', { TAG: { value: 'cc-fraud' } }, 'the variable MODEL_STAGE', 'findDeployment'],
    ['a file name that is no place', { ...body.variables, INPUT_FILE: { value: 5 } }, "INPUT_FILE is '5'", 'createJob'],
    [
      'parameters that are no object',
      { ...body.variables, JOB_PARAMETERS: { value: 'timeoutSeconds=5' } },
      "JOB_PARAMETERS is 'timeoutSeconds=5': it must be a JSON object",
      'createJob',
    ],
    [
      'a kind of job that is a document',
      { ...body.variables, JOB_TYPE: { value: { kind: 1 } } },
      `JOB_TYPE is '{"kind":1}'`,
      'createJob',
    ],
  ])('with %s it is an incident that says so', async (_, variables, message, activityId) => {
    const server = await withRunBatchJob()
    const id = await trigger(server, { variables })
    const incident = await until(async () => (await server.call('GET', `/incident?processInstanceId=${id}`)).body[0])
    expect(incident).toMatchObject({
      incidentType: 'failedJob',
      activityId,
      failedActivityId: activityId,
      processInstanceId: id,
    })
    expect(incident.incidentMessage).toContain(message)
  })

  it('without a runtime it is an incident that names what each one lacks; put right, its retries finish it', async () => {
    const server = await withRunBatchJob()
    const message = "No runtime matches: 'dev-1' lacks tag 'DEV' (has 'dev': tags are compared exactly)"
    const problem = { code: 'NoMatchingRuntime', message, timestamp: 'x', seen: [] }
    server.modelManage.refuseJobs = { status: 422, body: problem }
    const id = await trigger(server)
    const incident = await until(async () => (await server.call('GET', `/incident?processInstanceId=${id}`)).body[0])
    expect(incident.incidentMessage).toBe(message)
    // tried three times, a second apart, before it was an incident
    expect(server.modelManage.jobsAsked).toBe(3)
    server.modelManage.refuseJobs = null
    await server.call('PUT', `/job/${incident.configuration}/retries`, { retries: 1 })
    await jobOf(server)
    await until(async () => (await server.call('GET', `/incident?processInstanceId=${id}`)).body.length === 0)
    const { body: history } = await server.call('GET', `/history/incident?processInstanceId=${id}`)
    expect(history).toMatchObject([{ resolved: true, open: false }])
  })

  it('deleting the instance cancels the job it waits for', async () => {
    const server = await withRunBatchJob()
    const id = await trigger(server)
    const job = await jobOf(server)
    expect((await server.call('DELETE', `/process-instance/${id}`)).status).toBe(204)
    await until(async () => server.modelManage.cancelled.length > 0)
    expect(server.modelManage.cancelled).toEqual([{ jobId: job.id, reason: `The process instance ${id} was deleted` }])
  })
})

describe('DeployBatchModel', () => {
  const withDeployBatchModel = async () =>
    startMlc({ shipped: [{ file: 'DeployBatchModel.bpmn', xml: await definition('DeployBatchModel.bpmn') }] })

  function tellChange(server: MlcServer, snapshot: string, targetRuntimes: object[]) {
    const variables = { DEPLOYABLE_MODEL: { id: snapshot, targetRuntimes } }
    const event = { eventId: snapshot, signal: 'deployable_model_changed', objectId: snapshot, variables }
    return server.call('POST', '/events', { events: [event] }, { as: 'internal' })
  }

  it('deploys a snapshot to the stages it names, and to none when it names none', async () => {
    const server = await withDeployBatchModel()
    expect((await tellChange(server, 'without', [])).status).toBe(200)
    await tellChange(server, 'with', [{ tags: ['DEV'] }])
    await until(async () => server.modelManage.deployments.length === 2)
    await until(
      async () => (await server.call('GET', '/history/process-instance/count?finished=true')).body.count === 2,
    )
    expect(server.modelManage.deployments).toEqual([
      { snapshot: 'with', stage: 'DEV' },
      { snapshot: 'with', stage: 'SIT' },
    ])
  })

  it('deploys to the other stages when no runtime is in one, and tells of each that is missing', async () => {
    const server = await withDeployBatchModel()
    const tags = [['UAT'], ['DEV'], ['PROD']].map((each) => ({ tags: each }))
    Object.assign(server.modelManage, { targetRuntimes: tags, emptyStages: ['UAT', 'PROD'] })
    await tellChange(server, 'some', tags)
    const incident = await until(async () => (await server.call('GET', '/incident')).body[0])
    expect(incident.incidentMessage).toMatch(/'UAT'.*'PROD'/)
    expect(new Set(server.modelManage.deployments.map(({ stage }) => stage))).toEqual(new Set(['DEV']))
  })

  it('takes a target whose only tag is the service tag as a stage', async () => {
    const server = await withDeployBatchModel()
    server.modelManage.targetRuntimes = [{ tags: ['cc-fraud'] }]
    await tellChange(server, 'one tag', server.modelManage.targetRuntimes)
    await until(async () => server.modelManage.deployments.length > 0)
    expect(server.modelManage.deployments).toEqual([{ snapshot: 'one tag', stage: 'cc-fraud' }])
  })
})
