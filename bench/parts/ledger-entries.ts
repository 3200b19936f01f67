import type { LedgerEntry } from '../../src/ledger/ledger-entry.ts'

export const USERS = 40
export const MODELS = 6
export const UPSTREAMS = 4

/** Exchanges as a busy gateway has them: many users, few models, all alike but for their numbers. */
export function ledgerEntryOf(number: number, time: number): LedgerEntry {
  const [user, model] = [number % USERS, number % MODELS]
  const name = `model-${model}:8b`
  return {
    id: `req_${number.toString(36).padStart(20, '0')}`,
    time,
    user: `user-${user}`,
    userId: `user_${user}_0123456789abcdef`,
    keyId: `key_${user}_0123456789abcdef`,
    keyName: `key of user ${user}`,
    route: '/api/chat',
    kind: 'generate',
    dialect: 'ollama',
    modelAsked: name,
    model: name,
    upstream: `gpu-${number % UPSTREAMS}`,
    attempts: 1,
    status: number % 50 === 0 ? 502 : 200,
    ending: number % 50 === 0 ? 'upstream-failed' : 'complete',
    error: number % 50 === 0 ? 'upstream_reset' : null,
    cache: null,
    bytesIn: 400 + (number % 1000),
    bytesOut: 2000 + (number % 5000),
    promptTokens: 100 + (number % 300),
    completionTokens: 50 + (number % 200),
    cachedTokens: null,
    queueMs: (number % 100) / 7,
    loadMs: null,
    ttftMs: 20 + (number % 70) / 3,
    totalMs: 500 + (number % 900) / 7,
  }
}
