import { describe, expect, it } from 'vitest'
import { tagEntry } from '../__fixtures__/scripted-upstream.ts'
import { parseModelEntries, type ModelEntry, type ModelListKind } from './model-entry.ts'
import { findV1Model, mergeModelLists, modelListBody, type MergeOptions } from './model-lists.ts'
import { createModelNames } from './model-names.ts'

const open: MergeOptions = { view: { visible: () => true }, aliases: [] }

function list(kind: ModelListKind, entries: unknown[]): ModelEntry[] {
  return parseModelEntries(kind, kind === 'v1-models' ? { data: entries } : { models: entries }) ?? []
}

function aliased(aliases: Record<string, string>): MergeOptions {
  return { ...open, aliases: createModelNames({ aliases, assignments: {}, fallbacks: {} }).aliases }
}

const named = (entries: readonly Record<string, unknown>[]) => entries.map((entry) => entry['name'] ?? entry['id'])

describe('parseModelEntries', () => {
  it('takes what is a list, and of it what has a name', () => {
    expect(parseModelEntries('v1-models', { object: 'list', data: null })).toEqual([])
    expect(parseModelEntries('tags', { models: [1, null, {}, { name: 'a b' }, { model: 'M' }] })).toHaveLength(1)
    for (const value of [undefined, null, 'x', [], {}, { models: 'x' }]) {
      expect(parseModelEntries('tags', value)).toBeUndefined()
    }
  })

  it('knows a stub by its remote host', () => {
    const entries = list('tags', [tagEntry('a', { remote_host: 'https://ollama.com:443' }), tagEntry('b')])
    expect(entries.map((entry) => entry.remote)).toEqual([true, false])
  })
})

describe('mergeModelLists', () => {
  it('leaves the list of one upstream as it is, unknown fields and order of equals included', () => {
    const entries = [tagEntry('b', { zeta: { deep: [1] } }), tagEntry('a'), tagEntry('c')]
    expect(JSON.stringify(mergeModelLists('tags', [list('tags', entries)], open))).toBe(JSON.stringify(entries))
  })

  it('lists a model of two upstreams once, as the preferred one has it', () => {
    const lists = [list('tags', [tagEntry('M:latest', { size: 1 })]), list('tags', [tagEntry('m', { size: 2 })])]
    expect(mergeModelLists('tags', lists, open)).toEqual([tagEntry('M:latest', { size: 1 })])
  })

  it('puts the newest first, and in ps what stays longest', () => {
    const at = (name: string, time: string) => ({ name, modified_at: time, expires_at: time, id: name })
    const old = at('old', '2026-01-01T00:00:00.123456789Z')
    const zoned = at('zoned', '2026-01-01T01:30:00+02:00')
    const forever = at('forever', '2318-01-01T00:00:00Z')
    for (const kind of ['tags', 'ps'] as const) {
      const lists = [list(kind, [old]), list(kind, [zoned, forever])]
      expect(named(mergeModelLists(kind, lists, open))).toEqual(['forever', 'old', 'zoned'])
    }
    const v1 = [list('v1-models', [{ id: 'x', created: 1 }]), list('v1-models', [{ id: 'y', created: 2 }])]
    expect(named(mergeModelLists('v1-models', v1, open))).toEqual(['y', 'x'])
  })

  it('shows only what may be seen, by canonical name and by being a stub', () => {
    const asked: unknown[] = []
    const view = {
      visible(canonical: string, remote: boolean) {
        asked.push([canonical, remote])
        return canonical === 'a:latest'
      },
    }
    const lists = [list('tags', [tagEntry('A'), tagEntry('library/b:1', { remote_host: 'h' })])]
    expect(named(mergeModelLists('tags', lists, { ...open, view }))).toEqual(['A'])
    expect(asked).toEqual([
      ['a:latest', false],
      ['b:1', true],
    ])
  })

  it('shows an alias whose target is listed, as a copy under its name', () => {
    const lists = [list('tags', [tagEntry('qwen3:8b', { size: 7 })])]
    const options = aliased({ 'gpt-4o-mini': 'Qwen3:8b', ghost: 'absent' })
    expect(mergeModelLists('tags', lists, options)).toEqual([
      tagEntry('qwen3:8b', { size: 7 }),
      { ...tagEntry('qwen3:8b', { size: 7 }), name: 'gpt-4o-mini', model: 'gpt-4o-mini' },
    ])
    const hidden = { ...options, view: { visible: () => false } }
    expect(mergeModelLists('tags', lists, hidden)).toEqual([])
  })

  it('shows the alias in place of a model that it hides, and none in ps', () => {
    const entries = [tagEntry('qwen3:8b', { size: 7 }), tagEntry('llama3:latest', { size: 9 })]
    const options = aliased({ llama3: 'qwen3:8b' })
    const merged = mergeModelLists('tags', [list('tags', entries)], options)
    expect(merged.map((entry) => [entry['name'], entry['size']])).toEqual([
      ['qwen3:8b', 7],
      ['llama3', 7],
    ])
    expect(named(mergeModelLists('ps', [list('ps', entries)], options))).toEqual(['qwen3:8b', 'llama3:latest'])
  })
})

describe('modelListBody', () => {
  it('is framed as Ollama frames it, but never null', () => {
    expect(modelListBody('tags', [])).toBe('{"models":[]}')
    expect(modelListBody('v1-models', [])).toBe('{"object":"list","data":[]}\n')
  })
})

describe('findV1Model', () => {
  const entries = [
    { id: 'tiny:latest', object: 'model' },
    { id: 'ns/tiny2:v1', object: 'model' },
  ]

  it('answers any spelling under the name that was asked for', () => {
    expect(findV1Model(entries, 'tiny')).toEqual({ id: 'tiny', object: 'model' })
    expect(findV1Model(entries, 'NS/tiny2:v1')).toEqual({ id: 'NS/tiny2:v1', object: 'model' })
    for (const name of ['nope', '', 'a b', 'tiny:cloud']) expect(findV1Model(entries, name)).toBeUndefined()
  })
})
