import { expect, it } from 'vitest'
import { sectionsOf, sourceText, valueText, type Setting } from './setting-text.ts'

const settings: Setting[] = [
  { name: 'listen', value: '127.0.0.1:11435', source: 'default', detail: '' },
  { name: 'upstreams[0].url', value: 'http://10.0.0.5:11434', source: 'file', detail: 'corral.yaml:4:10' },
  { name: 'upstreams[0].priority', value: 1, source: 'default', detail: '' },
  { name: 'auth.path_keys', value: false, source: 'env', detail: 'CORRAL_PATH_KEYS' },
]

it('groups by the first word', () => {
  const sections = sectionsOf(settings, { search: '', changedOnly: false })
  expect(sections.map(({ name, settings: own }) => [name, own.length])).toEqual([
    ['listen', 1],
    ['upstreams', 2],
    ['auth', 1],
  ])
})

it('leaves out defaults, and what was not looked for', () => {
  expect(sectionsOf(settings, { search: '', changedOnly: true }).map(({ name }) => name)).toEqual(['upstreams', 'auth'])
  expect(sectionsOf(settings, { search: 'corral.yaml', changedOnly: false })[0]?.settings).toHaveLength(1)
  expect(sectionsOf(settings, { search: 'PATH_keys false', changedOnly: false })[0]?.name).toBe('auth')
  expect(sectionsOf(settings, { search: 'nothing', changedOnly: false })).toEqual([])
})

it('is written as in the file', () => {
  expect(valueText('')).toBe('""')
  expect(valueText(null)).toBe('none')
  expect(valueText(['a', 'b'])).toBe('["a","b"]')
  expect(sourceText(settings[1] ?? { source: 'default', detail: '' })).toBe('file corral.yaml:4:10')
  expect(sourceText({ source: 'default', detail: '' })).toBe('default')
})
