import { once } from 'node:events'
import net, {
  type AddressInfo,
  type LookupFunction,
  type NetConnectOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net'
import tls from 'node:tls'
import { onTestFinished, vi } from 'vitest'

/**
 * The internet, in this process: whatever address a socket is told to connect to, it reaches the same port on loopback.
 * Only sockets are bent, behind everything that is tested; so a connection that should not have been made arrives at
 * the test's server and is seen there. Returns the addresses that were connected to, in order; ends with the test.
 */
export function pretendInternet(): string[] {
  const reached: string[] = []
  const bendLookup =
    (lookup: LookupFunction): LookupFunction =>
    (hostname, options, callback) =>
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, '')
        const [first] = found as { address: string }[]
        reached.push(String(first?.address))
        return options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)
      })
  const bend = <Options extends Pick<tls.ConnectionOptions, 'host' | 'lookup'>>(options: Options): Options => {
    if (net.isIP(String(options.host)) === 0 && options.lookup) {
      return { ...options, lookup: bendLookup(options.lookup) }
    }
    reached.push(String(options.host))
    return { ...options, host: '127.0.0.1' }
  }
  const [connect, connectTls] = [net.connect, tls.connect]
  const spies = [
    vi
      .spyOn(net, 'connect')
      .mockImplementation(((options: NetConnectOpts) =>
        connect(bend(options as TcpNetConnectOpts))) as typeof net.connect),
    vi
      .spyOn(tls, 'connect')
      .mockImplementation(((options: tls.ConnectionOptions) => connectTls(bend(options))) as typeof tls.connect),
  ]
  onTestFinished(() => spies.forEach((spy) => void spy.mockRestore()))
  return reached
}

/** Listens on loopback until the test ends; `sockets` are the connections that arrived. */
export async function listen<Server extends net.Server>(server: Server) {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket.on('error', () => undefined)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}
