import { spawn } from 'node:child_process'

export async function score() {
  const stray = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  console.log(`stray ${stray.pid}`)
  await new Promise((done) => setTimeout(done, 600_000))
}
