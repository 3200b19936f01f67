import { describe, expect, it } from 'vitest'
import { ledgerEntry } from './__fixtures__/ledger-entry.ts'
import type { LedgerEntry } from './ledger-entry.ts'
import { createGroup } from './ledger-group.ts'

const group = (entries: readonly LedgerEntry[]) =>
  createGroup(
    entries.map((entry) => ({ entry, cost: 0.5 })),
    { number: 3, lost: 2 },
    (upstream) => (upstream === 'home' ? 'home' : null),
  )

describe('createGroup', () => {
  it('says once what rows have in common, and by columns what differs', () => {
    const made = group([ledgerEntry(), ledgerEntry({ id: 'req_2', promptTokens: null, totalMs: 1 })])
    expect(made).toMatchObject({
      number: 3,
      lost: 2,
      party: [0, 0],
      id: ['req_1', 'req_2'],
      promptTokens: [7, null],
      totalMs: [34.57, 1],
      cost: [0.5, 0.5],
    })
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
    expect(made.party).toEqual([0, 1, 0])
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
