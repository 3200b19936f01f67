import type { Principal } from '../auth/principal.ts'
import { modelMatcher } from '../lib/model-matcher.ts'
import type { ReserveRequest } from '../proxy/limits-port.ts'
import type { Account } from './account.ts'
import type { Holder } from './holder.ts'
import type { LimitBook } from './limit-book.ts'
import { limitsNothing, type LimitTerms, strictest } from '../lib/limit-terms.ts'
import { createModelMemo } from './model-memo.ts'
import type { LimitSettings } from './settings.ts'

export interface Holders {
  /** Whose limits a request has to keep: its key's, its user's and its model's, as far as there are any. */
  of(request: Pick<ReserveRequest, 'principal' | 'model'>, now: number): readonly Holder[]
  /** Whoever has limits and has used something: among `principals`, their users, and the models. */
  active(principals: Iterable<Principal>): readonly Holder[]
}

interface PrincipalTerms {
  readonly key: LimitTerms | null
  readonly user: LimitTerms | null
}

interface Limited extends Pick<Holder, 'scope' | 'name' | 'terms'> {
  readonly id: string
}

const NOBODY: readonly Holder[] = []

export function createHolders(
  book: Pick<LimitBook, 'keys' | 'users' | 'models' | 'calendar'>,
  settings: Pick<LimitSettings, 'defaults' | 'models'>,
): Holders {
  const termsOf = createTermsOf(settings)
  const modelTerms = createModelTerms(settings)

  function whereUsed(limited: Limited): Holder[] {
    const account = book[`${limited.scope}s`].find(limited.id)
    return account === undefined ? [] : [holder(limited, account)]
  }

  return {
    of({ principal, model }, now) {
      const { key, user } = termsOf(principal)
      const ofModel = model === null ? null : modelTerms(model)
      if (key === null && user === null && ofModel === null) return NOBODY
      const today = book.calendar(now)
      const holders: Holder[] = []
      const add = (limited: Limited): void =>
        void holders.push(holder(limited, book[`${limited.scope}s`].of(limited.id, today)))
      if (key !== null) add(limitedKey(principal, key))
      if (user !== null) add(limitedUser(principal, user))
      if (model !== null && ofModel !== null) add(limitedModel(model, ofModel))
      return holders
    },
    active(principals) {
      const users = new Map<string, Limited>()
      const holders: Holder[] = []
      for (const principal of principals) {
        const { key, user } = termsOf(principal)
        if (key !== null) holders.push(...whereUsed(limitedKey(principal, key)))
        if (user === null) continue
        const limited = limitedUser(principal, user)
        users.set(limited.id, limited)
      }
      for (const limited of users.values()) holders.push(...whereUsed(limited))
      for (const model of book.models.names()) {
        const terms = modelTerms(model)
        if (terms !== null) holders.push(...whereUsed(limitedModel(model, terms)))
      }
      return holders
    },
  }
}

function createTermsOf({ defaults }: Pick<LimitSettings, 'defaults'>): (principal: Principal) => PrincipalTerms {
  // A memo; principals are replaced when their terms change.
  const known = new WeakMap<Principal, PrincipalTerms>()
  return (principal) => {
    const memo = known.get(principal)
    if (memo !== undefined) return memo
    // Only users of the store have limits.
    const user = principal.userId === undefined ? null : termsOrNull([principal.userLimits])
    const terms = { key: termsOrNull([defaults, principal.limits]), user }
    known.set(principal, terms)
    return terms
  }
}

function createModelTerms({ models }: Pick<LimitSettings, 'models'>): (model: string) => LimitTerms | null {
  if (models.length === 0) return () => null
  const rules = models.map(({ match, terms }) => ({ fits: modelMatcher(match), terms }))
  return createModelMemo((model) => termsOrNull(rules.filter(({ fits }) => fits(model)).map(({ terms }) => terms)))
}

function termsOrNull(all: readonly (LimitTerms | undefined)[]): LimitTerms | null {
  const terms = strictest(all)
  return limitsNothing(terms) ? null : terms
}

function limitedKey({ keyId, keyName }: Principal, terms: LimitTerms): Limited {
  return { scope: 'key', id: keyId, name: keyName, terms }
}

/** By the id: a name may have been another's. */
function limitedUser({ user, userId = user }: Principal, terms: LimitTerms): Limited {
  return { scope: 'user', id: userId, name: user, terms }
}

function limitedModel(model: string, terms: LimitTerms): Limited {
  return { scope: 'model', id: model, name: model, terms }
}

function holder({ scope, id, name, terms }: Limited, account: Account): Holder {
  return { scope, name, terms, account, rateName: `${scope} ${id}` }
}
