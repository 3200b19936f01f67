import type { ExchangeRecord } from '../../proxy/exchange-record.ts'

export function exchangeRecord(change: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    id: 'req_1',
    time: Date.UTC(2026, 2, 4, 5, 6, 7, 89),
    user: 'ann',
    keyId: 'key_1',
    method: 'POST',
    path: '/api/chat',
    route: null,
    kind: null,
    dialect: null,
    modelAsked: null,
    loadMs: null,
    cachedTokens: null,
    model: 'llama3:latest',
    upstream: 'gpu-1',
    attempts: 1,
    status: 200,
    bytesIn: 10,
    bytesOut: 2000,
    queueMs: 0.5,
    ttftMs: 12,
    totalMs: 34.5,
    promptTokens: 7,
    completionTokens: null,
    ending: 'complete',
    error: null,
    trace: null,
    steps: null,
    ...change,
  }
}
