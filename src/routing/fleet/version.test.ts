import { describe, expect, it } from 'vitest'
import { createScriptedUpstream } from '../__fixtures__/scripted-upstream.ts'
import { newUpstreamState, type UpstreamState } from './upstream-state.ts'
import { compareVersions, fleetVersion } from './version.ts'

function state(version: string | null, more: Partial<UpstreamState> = {}): UpstreamState {
  const upstream = createScriptedUpstream('a')
  const base = newUpstreamState({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })
  return { ...base, health: 'up', version, ...more }
}

describe('fleetVersion', () => {
  it('is the lowest of those that are up', () => {
    expect(fleetVersion([state('0.24.0'), state('0.9.1'), state('0.1.0', { health: 'down' })])).toBe('0.9.1')
  })

  it('is what was last seen when none is up, and zero when none was ever seen', () => {
    expect(fleetVersion([state('0.9.1', { health: 'down' }), state('0.1.0', { enabled: false })])).toBe('0.9.1')
    expect(fleetVersion([state(null)])).toBe('0.0.0')
  })
})

describe('compareVersions', () => {
  it.each([
    ['0.9.10', '0.10.0'],
    ['0.24.0-rc1', '0.24.0'],
    ['0.24.0-rc1', '0.24.0-rc2'],
    ['0.24', '0.24.1'],
    ['0.24.0+build9', '0.24.1'],
    ['', '0.0.1'],
  ])('puts %s before %s', (low, high) => {
    expect(compareVersions(low, high)).toBeLessThan(0)
    expect(compareVersions(high, low)).toBeGreaterThan(0)
    expect(compareVersions(low, low)).toBe(0)
  })
})
