import { it } from 'vitest'
import { expectBooksToAgree } from './storm.ts'

it(
  'rows, sums, budgets, metrics and what the upstream counted agree over 100,000 exchanges',
  { timeout: 1_800_000 },
  () => expectBooksToAgree(100_000),
)
