import { expect, it } from 'vitest'
import { linkTo, parsePlace } from './place.ts'

it.each([
  ['', '', []],
  ['#/', '', []],
  ['#/fleet', 'fleet', []],
  ['#/keys/a%2Fb', 'keys', ['a/b']],
  ['#/keys/%zz', 'keys', ['%zz']],
])('%s is page "%s"', (hash, page, rest) => {
  expect(parsePlace(hash)).toMatchObject({ page, rest })
})

it('finds again what a link was made of', () => {
  const place = parsePlace(linkTo('route', ['qwen3:8b', '</script>'], { tokens: '10', 'a b': '?#' }))
  expect(place).toMatchObject({ page: 'route', rest: ['qwen3:8b', '</script>'] })
  expect([...place.query]).toEqual([
    ['tokens', '10'],
    ['a b', '?#'],
  ])
})
