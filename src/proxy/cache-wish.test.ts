import { expect, it } from 'vitest'
import { cacheWish } from './cache-wish.ts'

it.each([
  [[], 'any'],
  [['Cache-Control', 'no-cache'], 'fresh'],
  [['cache-control', 'max-age=0'], 'fresh'],
  [['cache-control', 'max-age=60, no-transform'], 'any'],
  [['cache-control', 'No-Store'], 'none'],
  [['cache-control', 'no-cache , no-store'], 'none'],
  [['cache-control', 'no-cache', 'Cache-Control', 'no-store'], 'none'],
  [['cache-control', 'x-no-cache'], 'any'],
])('of %j is %s', (headers, wish) => {
  expect(cacheWish(headers)).toBe(wish)
})
