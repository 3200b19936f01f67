import type { UpstreamState } from './upstream-state.ts'

/**
 * What `/api/version` says for the whole fleet: the lowest of those that are up, because clients switch features on
 * by it; with none up the lowest that was ever seen.
 */
export function fleetVersion(states: readonly UpstreamState[]): string {
  const known = states.filter((state) => state.enabled && state.version !== null)
  const up = known.filter((state) => state.health === 'up')
  const versions = (up.length > 0 ? up : known).map((state) => state.version ?? '')
  return versions.toSorted(compareVersions)[0] ?? '0.0.0'
}

/** A pre-release (`0.24.0-rc1`) comes before its release. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a)
  const right = parseVersion(b)
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i += 1) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0)
    if (difference !== 0) return difference
  }
  if (left.preRelease === right.preRelease) return 0
  if (left.preRelease === '') return 1
  if (right.preRelease === '') return -1
  return left.preRelease < right.preRelease ? -1 : 1
}

function parseVersion(text: string): { numbers: number[]; preRelease: string } {
  const [release = '', ...rest] = (text.split('+')[0] ?? '').split('-')
  return { numbers: release.split('.').map((part) => Number.parseInt(part, 10) || 0), preRelease: rest.join('-') }
}
