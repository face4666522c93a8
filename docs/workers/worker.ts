// Works on tasks of the kind custom.greet. Needs Node.js 24 and nothing else:
//   SIGNALBOX_URL=http://127.0.0.1:8080 SIGNALBOX_KEY=sbk_... SIGNALBOX_TENANT=tenant_a node worker.ts
const { SIGNALBOX_URL: url, SIGNALBOX_KEY: key, SIGNALBOX_TENANT: tenant } = process.env

type Held = { task_id: string; fencing: number }
type Leased = { task: (Held & { payload: { name: string } }) | null }

async function post<Answer>(path: string, body: object): Promise<Answer> {
  const answer = await fetch(`${url}/worker/${path}?tenant_id=${tenant}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as Answer
}

const greet = async ({ name }: { name: string }) => ({ greeting: `Hello, ${name}` })

for (;;) {
  const { task } = await post<Leased>('lease', { kinds: ['custom.greet'], wait_seconds: 20 })
  if (!task) continue
  const held = { task_id: task.task_id, fencing: task.fencing }
  // A lease is 60 seconds, unless the kind was registered with another one. Real work would stop on `cancel_requested`.
  const keep = setInterval(() => post('heartbeat', held).catch(console.error), 15_000)
  try {
    const result = await greet(task.payload)
    await post('complete', { ...held, result })
  } catch (error) {
    // A 409 says that somebody else has it: drop it.
    await post('fail', { ...held, message: String(error) }).catch(console.error)
  } finally {
    clearInterval(keep)
  }
}
