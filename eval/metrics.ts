/** Counts of (true label, predicted label). */
export type Confusion = { labels: readonly string[]; counts: readonly (readonly number[])[] }

export type Figures = { count: number; accuracy: number; macroF1: number; confusion: Confusion }

/** Macro-F1 is the mean over the labels that occur in truth or prediction: one that occurs nowhere has no F1. */
export function measure(labels: readonly string[], pairs: readonly { truth: string; predicted: string }[]): Figures {
  const counts = labels.map(() => labels.map(() => 0))
  for (const { truth, predicted } of pairs) {
    const row = counts[labels.indexOf(truth)]
    const column = labels.indexOf(predicted)
    if (!row || column < 0) throw new Error(`unknown label: ${truth} or ${predicted}`)
    row[column] = (row[column] ?? 0) + 1
  }
  const right = counts.reduce((sum, row, place) => sum + (row[place] ?? 0), 0)
  const scores = labels.flatMap((_, place) => {
    const hits = counts[place]?.[place] ?? 0
    const truths = counts[place]?.reduce((sum, count) => sum + count, 0) ?? 0
    const guesses = counts.reduce((sum, row) => sum + (row[place] ?? 0), 0)
    return truths + guesses === 0 ? [] : [(2 * hits) / (truths + guesses)]
  })
  return {
    count: pairs.length,
    accuracy: pairs.length === 0 ? 0 : right / pairs.length,
    macroF1: scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    confusion: { labels, counts },
  }
}
