/** The version of a tenant's rules: that of the shipped ones, and which override is on top. */
export const versionWith = (base: string, override: string): string => `${base}+${override}`

/**
 * Whether what was classified by rules of this version (null: by none) is due for the current ones. What is of a later
 * release is not: while an upgrade rolls, the processes of both would undo each other's work.
 */
export function isOutdated(version: string | null, current: string): boolean {
  if (version === null) return true
  return version !== current && !isLater(releaseOf(version), releaseOf(current))
}

/** `2026.11.1` of `2026.11.1+0123456789ab`; what is no such text is earlier than all that are. */
const releaseOf = (version: string): number[] => (version.split('+')[0] ?? '').split('.').map(Number)

function isLater(release: readonly number[], than: readonly number[]): boolean {
  if (release.some(Number.isNaN)) return false
  const place = release.findIndex((part, index) => part !== (than[index] ?? 0))
  return place !== -1 && (release[place] ?? 0) > (than[place] ?? 0)
}
