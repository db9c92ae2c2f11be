// Starts the embedded server on the folder given, says where it is, and holds it until stdin ends.
import { startEmbedded } from '@rowhouse/postgres'

const server = await startEmbedded({ dataDir: process.argv[2] ?? '' }).catch((error: Error) => {
  console.log(JSON.stringify({ error: error.message }))
  process.exit(1)
})
console.log(JSON.stringify({ url: server.url, pid: server.pid, uid: process.getuid?.() }))
process.stdin.resume()
process.stdin.once('end', async () => {
  await server.stop()
  process.exit(0)
})
