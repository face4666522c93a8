/** p50, p95 and p99 of figures in milliseconds, as one text. */
export function percentiles(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  const at = (percent: number) => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
  return [50, 95, 99].map((percent) => `p${percent} ${at(percent).toFixed(1).padStart(6)}`).join('  ')
}
