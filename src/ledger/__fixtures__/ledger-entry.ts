import type { LedgerEntry } from '../ledger-entry.ts'

export const NOON = Date.UTC(2026, 10, 20, 12)

export function ledgerEntry(change: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: 'req_1',
    time: NOON,
    user: 'ann',
    userId: 'user_1',
    keyId: 'key_1',
    keyName: 'laptop',
    route: '/api/chat',
    kind: 'generate',
    dialect: 'ollama',
    modelAsked: 'llama3:latest',
    model: 'llama3:latest',
    upstream: 'gpu-1',
    attempts: 1,
    status: 200,
    ending: 'complete',
    error: null,
    cache: null,
    bytesIn: 10,
    bytesOut: 2000,
    promptTokens: 7,
    completionTokens: 20,
    cachedTokens: null,
    queueMs: 0.5,
    loadMs: null,
    ttftMs: 12,
    totalMs: 34.567,
    ...change,
  }
}
