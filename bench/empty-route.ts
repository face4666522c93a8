import Fastify from 'fastify'

/** Fastify and a route that does nothing, as a process of its own: what any answer over HTTP costs here and now. */
const app = Fastify()
app.get('/', async () => ({ status: 'ok' }))
console.log(`listens on ${await app.listen({ host: '127.0.0.1', port: 0 })}`)
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
