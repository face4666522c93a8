/**
 * A client of its own that asks one address over so many connections, each again as soon as it was answered, and prints what
 * the answers were when it is told to stop. In a process of its own: what it costs is not the measuring client's.
 */
import { Agent, request } from 'node:http'

const { FLOOD_URL = '', FLOOD_TOKENS = '', FLOOD_CONNECTIONS = '300' } = process.env
const agent = new Agent({ keepAlive: true, maxSockets: Number(FLOOD_CONNECTIONS) })
const answers: Record<string, number> = {}
let isOver = false

const ask = (token: string) =>
  new Promise<void>((resolve) => {
    const done = (what: string) => {
      answers[what] = (answers[what] ?? 0) + 1
      resolve()
    }
    request(FLOOD_URL, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume().once('end', () => done(String(response.statusCode)))
      response.once('error', () => done('broken off'))
    })
      .once('error', () => done('no answer'))
      .end()
  })

const tokens = FLOOD_TOKENS.split(',')
const client = async (index: number) => {
  while (!isOver) await ask(tokens[index % tokens.length] ?? '')
}
process.once('SIGTERM', () => {
  isOver = true
  console.log(JSON.stringify(answers))
  process.exit(0)
})
console.log(`floods ${FLOOD_URL}`)
await Promise.all(Array.from({ length: Number(FLOOD_CONNECTIONS) }, (_, index) => client(index)))
