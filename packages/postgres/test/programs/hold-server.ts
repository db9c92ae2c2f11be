// hold-server.ts DATA [COPIES]: starts the embedded server, says where it is, and holds it until stdin ends.
import { startEmbedded } from '@rowhouse/postgres'

const [, , dataDir = '', copiesDir] = process.argv
const server = await startEmbedded({ dataDir, ...(copiesDir === undefined ? {} : { copiesDir }) }).catch(
  (error: Error) => {
    console.log(JSON.stringify({ error: error.message }))
    process.exit(1)
  },
)
console.log(JSON.stringify({ url: server.url, pid: server.pid, uid: process.getuid?.() }))
process.stdin.resume()
process.stdin.once('end', async () => {
  await server.stop()
  process.exit(0)
})
