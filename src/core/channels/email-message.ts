import type { Message } from './channel.ts'
import { describeFacts, reasonOf, shorten, titleOf } from './describe-signal.ts'

/** Longer ones are cut by mail programs anyway; RFC 5322 §2.1.1 wants lines below 998. */
const SUBJECT_MAX = 200

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** A signal as an e-mail: its subject and the same in text and in plain HTML. Texts of tickets are anybody's: escaped, no links. */
export function emailMessage({ tenantId, signal }: Message): { subject: string; text: string; html: string } {
  const title = titleOf(signal)
  const lines: [string, string][] = [
    ['Severity', signal.severity],
    ['Kind', signal.kind],
    ['About', signal.subject],
    ['Tenant', tenantId],
    ['Raised', signal.raised_at.toISOString()],
    ...describeFacts(signal.facts),
  ]
  const rows = lines.map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`)
  const reason = reasonOf(signal)
  return {
    subject: shorten(`[${signal.severity}] ${title}`, SUBJECT_MAX),
    text: [title, '', reason, '', ...lines.map(([name, value]) => `${name}: ${value}`), ''].join('\n'),
    html: `<!doctype html><h1>${escapeHtml(title)}</h1><p>${escapeHtml(reason)}</p><table>${rows.join('')}</table>`,
  }
}
