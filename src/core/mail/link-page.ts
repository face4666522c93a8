import { createHash } from 'node:crypto'
import type { LinkAction } from './link-action.ts'

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 12vh auto; padding: 0 1rem; color: #1b1b1f; background: #fff }
label { display: block; margin: 1rem 0 } input { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; border: 1px solid #767680; border-radius: .3rem }
button { font: inherit; padding: .5rem 1.2rem; border: 0; border-radius: .3rem; background: #1c4fa1; color: #fff }
@media (prefers-color-scheme: dark) { body { color: #e7e7ea; background: #17171a } input { color: inherit; background: #232327 } }
`

/** Nothing is done by opening the page: programs that look at mail open every link in it. */
const SCRIPT = `
const actions = JSON.parse(document.getElementById('actions').textContent)
const [name, token] = location.hash.slice(1).split('=')
const action = actions.find((each) => each.name === name)
const form = document.querySelector('form')
const say = (text) => { document.querySelector('output').textContent = text }
if (!action || !token) say('This link is not complete. Open it from the mail again, or copy all of it.')
else {
  document.title = action.title
  document.querySelector('h1').textContent = action.title
  for (const field of action.fields) {
    const label = document.createElement('label')
    const input = Object.assign(document.createElement('input'), { name: field.name, type: field.type, required: true })
    input.setAttribute('autocomplete', field.autocomplete)
    label.append(field.label, input)
    form.insertBefore(label, form.lastElementChild)
  }
  form.lastElementChild.textContent = action.button
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    form.lastElementChild.disabled = true
    const body = JSON.stringify({ token: decodeURIComponent(token), ...Object.fromEntries(new FormData(form)) })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch('api/v1' + action.path, { method: 'POST', headers, body }).catch(() => undefined)
    form.lastElementChild.disabled = false
    if (!answer) return say('Signalbox cannot be reached. Try again in a moment.')
    const problem = answer.ok ? undefined : await answer.json().catch(() => ({ detail: 'That did not work. Try again in a moment.' }))
    const errors = (problem?.errors ?? []).map((error) => error.field + ' ' + error.message)
    say(problem ? [problem.detail, ...errors].join(' ') : action.done)
    if (!problem) form.hidden = true
  })
}
`

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page that links in mails lead to. It holds nothing secret: what is behind the # stays in the browser. */
export function linkPage(actions: readonly LinkAction[]): { html: string; headers: Record<string, string> } {
  const known = JSON.stringify(actions).replaceAll('<', '\\u003c')
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Signalbox</title>
<style>${STYLE}</style></head>
<body><main><h1>Signalbox</h1><form hidden><button></button></form><p><output></output></p></main>
<script type="application/json" id="actions">${known}</script>
<script>${SCRIPT}</script></body></html>
`
  const policy = [
    ...["default-src 'none'", `script-src ${hashOf(SCRIPT)}`, `style-src ${hashOf(STYLE)}`, "connect-src 'self'"],
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ]
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
  return { html, headers }
}
