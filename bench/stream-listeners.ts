import { get } from 'node:http'
import { WebSocket } from 'ws'

export type Heard = { events: number; lastId: number; outOfOrder: number; isOver: boolean }
type Listener = { heard: Heard; leave(): void }

function note(heard: Heard, id: number): void {
  heard.events += 1
  if (!(id > heard.lastId)) heard.outOfOrder += 1
  heard.lastId = id
}

/** Follows a stream of server-sent events and keeps of each event only its id, which is larger than the one before. */
export function listenByEvents(url: string, token: string, lastId: number): Promise<Listener> {
  const heard: Heard = { events: 0, lastId, outOfOrder: 0, isOver: false }
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
      let text = ''
      if (response.statusCode !== 200) {
        response.on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () => reject(new Error(`${url} answered ${response.statusCode}: ${text}`)))
        return
      }
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (text + chunk).split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) if (line.startsWith('id: ')) note(heard, Number(line.slice(4)))
      })
      response.on('error', () => {})
      response.once('close', () => {
        heard.isOver = true
      })
      resolve({ heard, leave: () => request.destroy() })
    })
    request.on('error', reject)
  })
}

/** The same over a WebSocket. */
export function listenByWebSocket(url: string, token: string, lastId: number): Promise<Listener> {
  const heard: Heard = { events: 0, lastId, outOfOrder: 0, isOver: false }
  const webSocket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${token}` } })
  webSocket.on('message', (data) => note(heard, Number(/"id":"(\d+)"/.exec(String(data).slice(0, 60))?.[1])))
  webSocket.once('close', () => {
    heard.isOver = true
  })
  return new Promise((resolve, reject) => {
    webSocket.once('open', () => resolve({ heard, leave: () => webSocket.terminate() }))
    webSocket.on('error', reject)
  })
}
