import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../auth/audit.ts'
import type { KeyStore, KeyTables } from '../auth/key-store.ts'
import { createRefusals } from './refusals.ts'

const log = { debug() {}, info() {}, warn() {}, error: vi.fn<() => void>() }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Book {
  readonly written: AuditEntry[]
  readonly store: Pick<KeyStore, 'note'>
}

/** `answers`: what becomes of each attempt; it is written from then on. */
function book(...answers: ('busy' | 'broken')[]): Book {
  const written: AuditEntry[] = []
  // The one method that refusals use.
  const tables = { writeAudit: async (entry: AuditEntry) => void written.push(entry) } as unknown as KeyTables
  const note: KeyStore['note'] = async (action) => {
    const answer = answers.shift()
    if (answer === 'broken') throw new Error('the disk is full')
    if (answer !== 'busy') await action(tables)
    return answer !== 'busy'
  }
  return { written, store: { note } }
}

function entry(subject: string, user = 'ann'): AuditEntry {
  return { actor: { user, keyId: `key_${user}`, keyName: user }, action: 'refused', subject, detail: { reason: 'no' } }
}

describe('what was refused', () => {
  it('is written each second, the same once with how often', async () => {
    const { written, store } = book()
    const refusals = createRefusals({ store, log })
    for (const subject of ['a', 'b', 'a', 'a']) refusals.note(entry(subject))
    refusals.note(entry('a', 'bob'))
    expect(written).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(written).toEqual([{ ...entry('a'), detail: { reason: 'no', times: 3 } }, entry('b'), entry('a', 'bob')])
    await vi.advanceTimersByTimeAsync(5000)
    expect(written).toHaveLength(3)
    await refusals.close()
  })

  it('is bounded, and what was left out is counted', async () => {
    const { written, store } = book()
    const refusals = createRefusals({ store, log })
    for (let i = 0; i < 1000; i++) refusals.note(entry(`route ${i}`))
    await refusals.close()
    expect(written).toHaveLength(21)
    expect(written.at(-1)).toEqual({ actor: null, action: 'refused', subject: 'others', detail: { times: 980 } })
  })

  it('waits where the store cannot be written, and is not lost', async () => {
    const { written, store } = book('busy', 'broken')
    const refusals = createRefusals({ store, log })
    refusals.note(entry('a'))
    await vi.advanceTimersByTimeAsync(2000)
    expect(written).toEqual([])
    expect(log.error).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(1000)
    expect(written).toEqual([entry('a')])
    await refusals.close()
    expect(written).toHaveLength(1)
  })
})
