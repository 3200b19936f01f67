import { expect, it } from 'vitest'
import type { Upstream } from '../../admin-types.ts'
import { newAgents } from './new-agents.ts'

/** Only what this looks at. */
function upstream(name: string, agent: Partial<NonNullable<Upstream['agent']>> | null): Upstream {
  const usual = { pool: 'default', connected: true, connected_at: '2026-03-05T15:00:10Z' }
  return { name, agent: agent && { ...usual, ...agent } } as Upstream
}

it('are those that have come since the key was made, into a pool of it', () => {
  const all = [
    upstream('direct', null),
    upstream('home', {}),
    upstream('before', { connected_at: '2026-03-05T14:59:59Z' }),
    upstream('gone', { connected: false }),
    upstream('elsewhere', { pool: 'lab' }),
  ]
  const names = newAgents(all, { since: '2026-03-05T15:00:00Z', pools: ['default'] }).map(({ name }) => name)
  expect(names).toEqual(['home'])
  expect(newAgents(all, { since: '2026-03-05T15:00:00Z', pools: [] })).toHaveLength(2)
})
