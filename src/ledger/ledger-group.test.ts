import { describe, expect, it } from 'vitest'
import { groupOf, rowsOf } from './__fixtures__/group-of.ts'
import { ledgerEntry, NOON } from './__fixtures__/ledger-entry.ts'
import type { LedgerEntry } from './ledger-entry.ts'

const group = (entries: readonly LedgerEntry[]) =>
  groupOf(entries, { number: 3, lost: 2, agentOf: (upstream) => (upstream === 'home' ? 'home' : null) })

describe('a group of rows', () => {
  it('says once what rows have in common, and of each row what differs', () => {
    const made = group([ledgerEntry(), ledgerEntry({ id: 'req_2', promptTokens: null, totalMs: 1 })])
    expect(made).toMatchObject({ number: 3, lost: 2 })
    expect(rowsOf(made)).toEqual([
      {
        id: 'req_1',
        party: 0,
        at: NOON,
        attempts: 1,
        bytesIn: 10,
        bytesOut: 2000,
        promptTokens: 7,
        completionTokens: 20,
        cachedTokens: null,
        queueMs: 0.5,
        loadMs: null,
        firstTokenMs: 12,
        totalMs: 34.57,
        cost: 0.5,
      },
      expect.objectContaining({ id: 'req_2', party: 0, promptTokens: null, totalMs: 1 }),
    ])
    expect(made.parties).toEqual([
      {
        user: 'ann',
        userId: 'user_1',
        keyId: 'key_1',
        keyName: 'laptop',
        route: '/api/chat',
        dialect: 'ollama',
        modelAsked: 'llama3:latest',
        model: 'llama3:latest',
        upstream: 'gpu-1',
        agent: null,
        status: 200,
        ending: 'complete',
        error: null,
        cache: null,
      },
    ])
  })

  it.each([
    { user: 'bob' },
    { userId: 'user_2' },
    { keyId: 'key_2' },
    { keyName: 'phone' },
    { route: '/api/generate' },
    { dialect: 'openai' },
    { modelAsked: 'gpt' },
    { model: null },
    { upstream: null },
    { status: 404 },
    { ending: 'refused' },
    { error: 'internal' },
    { cache: 'hit' },
  ] satisfies Partial<LedgerEntry>[])('tells those apart that differ in %j', (change) => {
    const made = group([ledgerEntry(), ledgerEntry(change), ledgerEntry()])
    expect(rowsOf(made).map(({ party }) => party)).toEqual([0, 1, 0])
    expect(made.parties[1]).toMatchObject(change)
  })

  it('names the agent where the upstream is one', () => {
    expect(group([ledgerEntry({ upstream: 'home' })]).parties[0]).toMatchObject({ upstream: 'home', agent: 'home' })
  })

  it('cuts what is too long to be kept', () => {
    const made = group([ledgerEntry({ id: 'x'.repeat(9000), modelAsked: 'm'.repeat(9000) })])
    expect(made.id[0]).toHaveLength(512)
    expect(made.parties[0]?.modelAsked).toHaveLength(512)
  })
})
