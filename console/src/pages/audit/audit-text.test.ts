import { expect, it } from 'vitest'
import type { AuditEntry } from '../../admin-types.ts'
import { actionText, actorText, detailText, matchesAudit } from './audit-text.ts'

const entry: AuditEntry = {
  at: '2026-03-05T15:00:00Z',
  user: 'ann',
  key: 'laptop',
  key_id: 'key_1',
  action: 'key.create',
  subject: 'phone',
  detail: { id: 'key_2', user: 'ann', scopes: ['chat', 'embed'], models: null, limits: { concurrent: 2 } },
}

it('says who did what', () => {
  expect(`${actorText(entry)} ${actionText(entry.action)} ${entry.subject}`).toBe(
    'ann with key laptop created the key phone',
  )
  expect(actorText({ user: null, key: null })).toBe('at the machine')
  expect(actionText('upstream.drain')).toBe('drained the upstream')
  expect(actionText('something.new')).toBe('something.new')
})

it('tells the terms on one line', () => {
  expect(detailText(entry.detail)).toBe('user: ann · scopes: chat, embed · limits: concurrent=2')
  expect(detailText({ id: 'x', limits: {}, reason: null })).toBe('')
})

it('finds words wherever they stand', () => {
  expect(matchesAudit(entry, 'ANN embed')).toBe(true)
  expect(matchesAudit(entry, 'created phone')).toBe(true)
  expect(matchesAudit(entry, 'key_1')).toBe(true)
  expect(matchesAudit(entry, 'ann revoked')).toBe(false)
  expect(matchesAudit(entry, '  ')).toBe(true)
})
