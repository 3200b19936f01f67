import { it } from 'vitest'
import { expectBooksToAgree } from './storm.ts'

it('rows, sums, budgets, metrics and what the upstream counted agree over 5000 exchanges', { timeout: 240_000 }, () =>
  expectBooksToAgree(5000),
)
