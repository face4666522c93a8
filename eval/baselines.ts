export type Labels = { urgency: string; sentiment: string; requires_action: string }

type Text = { subject: string; message: string }

/** The answer that is right most often, whatever the text: what any rule has to beat. */
export function majority(truths: readonly Labels[]): () => Labels {
  const most = (key: keyof Labels) => {
    const counts = Map.groupBy(truths, (labels) => labels[key])
    return [...counts].sort(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? ''
  }
  const answer = { urgency: most('urgency'), sentiment: most('sentiment'), requires_action: most('requires_action') }
  return () => answer
}

const HIGH = ['lawsuit', 'gdpr']
const MEDIUM = ['refund', 'urgent', 'broken']
const NEGATIVE = ['angry', 'broken']
const ALL = [...HIGH, ...MEDIUM, 'angry']

/** The keyword list that the specification names, found anywhere in the text, as a plain scan does it. */
export function keywords({ subject, message }: Text): Labels {
  const text = `${subject}\n${message}`.toLowerCase()
  const has = (words: readonly string[]) => words.some((word) => text.includes(word))
  return {
    urgency: has(HIGH) ? 'high' : has(MEDIUM) ? 'medium' : 'low',
    sentiment: has(NEGATIVE) ? 'negative' : 'neutral',
    requires_action: String(has(ALL)),
  }
}
