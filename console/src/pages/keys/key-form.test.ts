import { describe, expect, it } from 'vitest'
import { emptyKeyForm, formOf, keyChangeBody, localDateTime, newKeyBody, type ChangeableKey } from './key-form.ts'

const now = Date.parse('2026-03-05T15:00:00Z')

const key: ChangeableKey = {
  id: 'key_1',
  models: ['qwen3*'],
  upstreams: null,
  class: 'interactive',
  weight: 1,
  limits: { concurrent: 2 },
  expires_at: '2026-06-01T10:00:30.000Z',
}

describe('a new key', () => {
  it('says only what is not as usual', () => {
    expect(newKeyBody({ ...emptyKeyForm, name: ' laptop ' }, { now, kind: 'key' })).toEqual({
      kind: 'body',
      body: { name: 'laptop', scopes: ['chat', 'embed', 'models:read'] },
    })
  })

  it('says everything that is filled in', () => {
    const form = {
      ...emptyKeyForm,
      name: 'ci',
      user: 'ann',
      scopes: ['chat'] as const,
      models: 'qwen3*, tiny\nqwen3*',
      upstreams: 'gpu-1 gpu-2',
      end: '7d' as const,
      class: 'batch' as const,
      weight: '3',
      limits: { ...emptyKeyForm.limits, tokens_per_day: '500k' },
      format: 'ollama-uuid' as const,
    }
    expect(newKeyBody(form, { now, kind: 'key' })).toEqual({
      kind: 'body',
      body: {
        name: 'ci',
        user: 'ann',
        scopes: ['chat'],
        models: ['qwen3*', 'tiny'],
        upstreams: ['gpu-1', 'gpu-2'],
        class: 'batch',
        weight: 3,
        limits: { tokens_per_day: 500_000 },
        expires_in_seconds: 604_800,
        format: 'ollama-uuid',
      },
    })
    const own = newKeyBody(form, { now, kind: 'own' })
    expect(own.kind === 'body' && own.body).not.toHaveProperty('user')
    expect(own.kind === 'body' && own.body).not.toHaveProperty('format')
  })

  it('of an agent has that scope alone', () => {
    const form = { ...emptyKeyForm, name: 'home', pools: 'home lab', models: 'x' }
    expect(newKeyBody(form, { now, kind: 'agent' })).toEqual({
      kind: 'body',
      body: { name: 'home', scopes: ['agent'], pools: ['home', 'lab'] },
    })
  })

  it.each([
    ['name', { name: '' }],
    ['name', { name: '=cmd()' }],
    ['name', { name: 'a/b' }],
    ['name', { name: 'x'.repeat(65) }],
    ['scopes', { scopes: [] }],
    ['weight', { weight: '0' }],
    ['weight', { weight: '1.5' }],
    ['limits', { limits: { ...emptyKeyForm.limits, concurrent: '-1' } }],
    ['end', { end: 'at' as const, endAt: '' }],
    ['end', { end: 'at' as const, endAt: localDateTime(now - 60_000) }],
  ])('names the field %s that is not right', (field, changes) => {
    const result = newKeyBody({ ...emptyKeyForm, name: 'a', ...changes }, { now, kind: 'key' })
    expect(result).toMatchObject({ kind: 'problem', field })
  })

  it('ends at a local time', () => {
    const at = Date.parse('2026-04-01T12:30:00Z')
    const form = { ...emptyKeyForm, name: 'a', end: 'at' as const, endAt: localDateTime(at) }
    expect(newKeyBody(form, { now, kind: 'key' })).toMatchObject({ body: { expires_at: '2026-04-01T12:30:00.000Z' } })
  })
})

describe('a key that is changed', () => {
  it('sends nothing where nothing is different', () => {
    expect(keyChangeBody(key, formOf(key), now)).toEqual({ kind: 'body', body: null })
    const ended = { ...key, expires_at: '2026-01-01T00:00:00Z' }
    expect(keyChangeBody(ended, formOf(ended), now)).toEqual({ kind: 'body', body: null })
  })

  it('sends what is different, and null for what goes', () => {
    const form = {
      ...formOf(key),
      models: '',
      upstreams: 'gpu-1',
      weight: '2',
      limits: { ...emptyKeyForm.limits, requests_per_minute: '10' },
      end: 'never' as const,
    }
    expect(keyChangeBody(key, form, now)).toEqual({
      kind: 'body',
      body: {
        key: 'key_1',
        models: null,
        upstreams: ['gpu-1'],
        weight: 2,
        limits: { requests_per_minute: 10, concurrent: null },
        expires_at: null,
      },
    })
  })
})
