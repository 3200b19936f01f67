import type { Principal } from '../auth/principal.ts'
import { modelMatcher } from '../lib/model-matcher.ts'
import type { ReserveRequest } from '../proxy/limits-port.ts'
import type { Calendar } from './calendar.ts'
import type { Holder } from './holder.ts'
import type { LimitBook } from './limit-book.ts'
import { limitsNothing, type LimitTerms, strictest } from '../lib/limit-terms.ts'
import { createModelMemo } from './model-memo.ts'
import type { LimitSettings } from './settings.ts'

interface PrincipalTerms {
  readonly key: LimitTerms | null
  readonly user: LimitTerms | null
}

interface Named {
  readonly id: string
  readonly name: string
  readonly terms: LimitTerms
}

type HoldersOf = (request: Pick<ReserveRequest, 'principal' | 'model'>, now: number) => readonly Holder[]

const NOBODY: readonly Holder[] = []

/** Whose limits a request has to keep: its key's, its user's and its model's, as far as there are any. */
export function createHoldersOf(
  book: Pick<LimitBook, 'keys' | 'users' | 'models' | 'calendar'>,
  { defaults, models }: LimitSettings,
): HoldersOf {
  const holder = (scope: Holder['scope'], { id, name, terms }: Named, today: Calendar): Holder => ({
    scope,
    name,
    terms,
    account: book[`${scope}s`].of(id, today),
    rateName: `${scope} ${id}`,
  })
  // A memo; principals are replaced when their terms change.
  const known = new WeakMap<Principal, PrincipalTerms>()
  const rules = models.map(({ match, terms }) => ({ fits: modelMatcher(match), terms }))
  const modelTerms = createModelMemo((model) =>
    termsOrNull(rules.filter(({ fits }) => fits(model)).map(({ terms }) => terms)),
  )

  function termsOf(principal: Principal): PrincipalTerms {
    const memo = known.get(principal)
    if (memo !== undefined) return memo
    const terms = { key: termsOrNull([defaults, principal.limits]), user: termsOrNull([principal.userLimits]) }
    known.set(principal, terms)
    return terms
  }

  return ({ principal, model }, now) => {
    const { key, user } = termsOf(principal)
    const ofModel = model === null || rules.length === 0 ? null : modelTerms(model)
    if (key === null && user === null && ofModel === null) return NOBODY
    const today = book.calendar(now)
    const holders: Holder[] = []
    if (key !== null) holders.push(holder('key', { id: principal.keyId, name: principal.keyName, terms: key }, today))
    if (user !== null && principal.userId !== undefined)
      holders.push(holder('user', { id: principal.userId, name: principal.user, terms: user }, today))
    if (model !== null && ofModel !== null)
      holders.push(holder('model', { id: model, name: model, terms: ofModel }, today))
    return holders
  }
}

function termsOrNull(all: readonly (LimitTerms | undefined)[]): LimitTerms | null {
  const terms = strictest(all)
  return limitsNothing(terms) ? null : terms
}
