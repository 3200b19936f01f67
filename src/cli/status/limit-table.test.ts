import { describe, expect, it } from 'vitest'
import type { LimitUsesView } from '../../admin/limit-schemas.ts'
import { limitTable } from './limit-table.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const limits: LimitUsesView = [
  {
    ...{ scope: 'user', name: 'ann', limit: 'tokens_per_day', most: 5000, used: 4800, reserved: 300 },
    resets_at: '2026-11-22T00:00:00Z',
  },
  { ...{ scope: 'key', name: 'ci', limit: 'concurrent', most: 5, used: 4, reserved: 0 }, resets_at: null },
  {
    ...{ scope: 'model', name: 'gpt-4o', limit: 'money_per_month', most: 25, used: 0.1 + 0.2, reserved: 0 },
    resets_at: '2026-12-01T00:00:00Z',
  },
  { ...{ scope: 'key', name: 'new', limit: 'requests_per_minute', most: 5, used: 0, reserved: 0 }, resets_at: null },
]

describe('limitTable', () => {
  it('tells how much is gone, and when there is all of it again', () => {
    expect(limitTable(limits, { now, width: 80, paint: (_tone, text) => text })).toEqual([
      '',
      'LIMIT OF      WHAT                     USED    OF  SET ASIDE  WHOLE IN',
      'user ann      tokens a day         4800 96%  5000        300       12h',
      'key ci        requests at a time      4 80%     5',
      'model gpt-4o  money a month       0.3000 1%    25                9d12h',
    ])
  })

  it('is nothing where nothing is used', () => {
    expect(limitTable(limits.slice(3), { now, width: 80, paint: (_tone, text) => text })).toEqual([])
  })

  it('marks what is used up, or nearly', () => {
    const paint = (tone: string, text: string): string => (tone === 'heading' ? text : `<${tone}:${text}>`)
    const lines = limitTable(limits, { now, width: 80, paint }).join('\n')
    expect(lines).toContain('<bad:4800 96%>')
    expect(lines).toContain('<doubtful:4 80%>')
    expect(lines).not.toContain(':0.3000')
  })
})
