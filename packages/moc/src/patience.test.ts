import { NotFound, Unavailable } from '@rowhouse/contract'
import { expect, it } from 'vitest'
import { makePatience } from './patience.ts'

const away = async () => {
  throw new Unavailable('http://host does not answer')
}

it('a server that has answered once may be away; going and coming back are said once each', async () => {
  const said: string[] = []
  const { look } = makePatience((text) => said.push(text), false)
  expect(await look(async () => 'a')).toBe('a')
  expect(await look(away)).toBeUndefined()
  expect(await look(away)).toBeUndefined()
  expect(await look(async () => 'b')).toBe('b')
  expect(said).toEqual(['http://host does not answer; looking again for 5 minutes', 'The server answers again'])
})

it('a server that has never answered is told at once, unless what is waited for is known to be there', async () => {
  await expect(makePatience(() => undefined, false).look(away)).rejects.toThrow('does not answer')
  expect(await makePatience(() => undefined, true).look(away)).toBeUndefined()
})

it('another failure is told at once', async () => {
  const { look } = makePatience(() => undefined, true)
  await expect(
    look(async () => {
      throw new NotFound('job', 'x')
    }),
  ).rejects.toThrow("No job with id 'x'")
})
