import { describe, expect, it } from 'vitest'
import { providerList, servedModels, statedModels } from './provider-models.ts'

const openai = {
  object: 'list',
  data: [
    { id: 'gpt-4o', object: 'model', created: 1_700_000_000, owned_by: 'system' },
    { id: 'whisper-1', object: 'model', created: 1, owned_by: 'openai-internal' },
  ],
}

function names(models: string[] | null, list: unknown = openai): string[] {
  return [...servedModels({ models }, list).keys()]
}

describe('servedModels', () => {
  it('serves what is listed, as far as a pattern or name lets it', () => {
    expect(names(null)).toEqual(['gpt-4o:latest', 'whisper-1:latest'])
    expect(names(['GPT-*'])).toEqual(['gpt-4o:latest'])
    expect(names([])).toEqual([])
  })

  it('serves a name without wildcard that is not listed', () => {
    expect(names(['gpt-*', 'gpt-5-secret'])).toEqual(['gpt-4o:latest', 'gpt-5-secret:latest'])
    expect(names(['o3'], 'no list at all')).toEqual(['o3:latest'])
    expect([...statedModels({ models: ['o3', 'o*'] }).keys()]).toEqual(['o3:latest'])
    expect([...statedModels({ models: null }).keys()]).toEqual([])
  })

  it('reads the list of Anthropic', () => {
    const list = { data: [{ type: 'model', id: 'claude-x', display_name: 'X', created_at: '2026-01-02T00:00:00Z' }] }
    const [entry] = servedModels({ models: null }, list).values()
    expect(entry?.raw).toEqual({ id: 'claude-x', object: 'model', created: 1_767_312_000, owned_by: 'provider' })
  })

  it('keeps an entry of OpenAI as it is', () => {
    expect(servedModels({ models: null }, openai).get('gpt-4o:latest')?.raw).toBe(openai.data[0])
  })
})

describe('providerList', () => {
  const models = servedModels({ models: ['gpt-*'] }, openai)

  it('gives /api/tags every field that its clients read', () => {
    const [entry] = providerList('tags', models)
    expect(entry?.raw).toMatchObject({
      name: 'gpt-4o',
      model: 'gpt-4o',
      modified_at: '2023-11-14T22:13:20.000Z',
      size: 0,
    })
    expect(entry?.raw['digest']).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has nothing loaded', () => {
    expect(providerList('ps', models)).toEqual([])
    expect(providerList('v1-models', models).map(({ raw }) => raw['id'])).toEqual(['gpt-4o'])
  })
})
