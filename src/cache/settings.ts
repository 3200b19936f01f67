import type { z } from 'zod'
import { byteSize, choice, duration, section } from '../lib/setting.ts'

export interface CacheSettings {
  readonly mode: 'off' | 'deterministic' | 'all'
  readonly ttlMs: number
  /** Answers that are kept and those that are being recorded, together. */
  readonly maxBytes: number
  readonly share: 'key' | 'user' | 'all'
}

export const cacheSlice = {
  cache: section('Answers that need not be asked for again.', {
    mode: choice(
      ['off', 'deterministic', 'all'],
      '`deterministic`: embeddings, and what asks for temperature 0 or a seed; `all`: whatever a model answers.',
    ).prefault('off'),
    ttl: duration({ description: 'How long an answer is given again.', minMs: 1000 }).prefault('1h'),
    max_bytes: byteSize({
      description: 'Memory for answers; beyond it those go that nobody asked for the longest time.',
      minBytes: 2 ** 20,
      maxBytes: 2 ** 40,
    }).prefault('256MB'),
    share: choice(
      ['key', 'user', 'all'],
      'Who is given an answer that somebody was given: `key`, those with the same key; `user`, the keys of one user; `all`, everybody.',
    ).prefault('user'),
  }).prefault({}),
}

export function toCacheSettings({ cache: raw }: z.output<z.ZodObject<typeof cacheSlice>>): CacheSettings {
  return { mode: raw.mode, ttlMs: raw.ttl, maxBytes: raw.max_bytes, share: raw.share }
}
