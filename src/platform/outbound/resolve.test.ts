import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveByNameServers } from './resolve.ts'

const TYPE_A = 1

/** A name server that has this address, IPv4, for every name; without one it is silent. Also counts the questions. */
async function nameServer(address?: string) {
  const socket = createSocket('udp4')
  const questions: Buffer[] = []
  socket.on('message', (question, { port }) => {
    questions.push(question)
    if (address === undefined) return
    // The question with its bits turned to those of an answer (RFC 1035 §4.1.1), without what may follow it.
    const end = question.indexOf(0, 12) + 5
    const isAnswered = question.readUInt16BE(end - 4) === TYPE_A
    const head = Buffer.from(question.subarray(0, end))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(isAnswered ? 1 : 0, 6)
    head.writeUInt32BE(0, 8)
    const record = [0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]
    socket.send(Buffer.concat([head, Buffer.from(isAnswered ? record : [])]), port, '127.0.0.1')
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { questions, resolve: resolveByNameServers([`127.0.0.1:${(socket.address() as AddressInfo).port}`]) }
}

describe('a name that a customer chose', () => {
  it('is at what the name servers say, also when it has addresses of one kind only', async () => {
    const { resolve } = await nameServer('93.184.216.34')
    expect(await resolve('helpdesk.example')).toEqual(['93.184.216.34'])
  })

  it('rejects when the name servers are silent, and meanwhile takes no thread that others need', async () => {
    const { resolve, questions } = await nameServer()
    const ended: unknown[] = []
    const outcomes = Array.from({ length: 32 }, (_, n) =>
      resolve(`dead-${n}.example`).catch((error: { code?: string }) => ended.push(error.code)),
    )
    await readFile(new URL(import.meta.url))
    expect(ended).toEqual([])
    await Promise.all(outcomes)
    expect(ended).toEqual(Array(32).fill('ETIMEOUT'))
    expect(questions.length).toBeGreaterThanOrEqual(32)
  })

  it.each([['localhost'], ['LOCALHOST'], ['anything.localhost'], ['localhost.']])(
    '%s is this machine, and no name server is asked',
    async (name) => {
      const { resolve, questions } = await nameServer('93.184.216.34')
      expect(await resolve(name)).toEqual(['127.0.0.1'])
      expect(questions).toEqual([])
    },
  )
})
