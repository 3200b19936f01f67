import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LimitTerms } from '../lib/limit-terms.ts'
import { mayGrant, type KeyGrant } from './granting.ts'
import { judgeModels } from './policy.ts'
import type { Principal, QueueShare } from './principal.ts'
import { scopes, type Scope } from './scope.ts'

const nothing: KeyGrant = { scopes: ['chat'], models: [], upstreams: [], expiresAt: 1 }

function creator(changes: Partial<Principal> = {}): Principal {
  const all = new Set<Scope>(['chat', 'admin'])
  return {
    user: 'u',
    keyId: 'k',
    keyName: 'k',
    scopes: all,
    models: null,
    upstreams: null,
    pools: null,
    expiresAt: null,
    ...changes,
  }
}

function may(who: Principal | 'operator', grant: Partial<KeyGrant>): boolean {
  return mayGrant(who, { ...nothing, ...grant }).kind === 'allowed'
}

type Loose = { readonly [name in keyof LimitTerms]?: number | undefined }

/** Without what is not there. */
function known(limits: Loose): LimitTerms {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined))
}

function granted(limits: Loose, userLimits: Loose): Partial<KeyGrant> {
  return { limits: known(limits), userLimits: known(userLimits) }
}

describe('mayGrant', () => {
  it('lets the operator grant anything', () => {
    expect(may('operator', { scopes, models: ['*:cloud'], upstreams: null, expiresAt: null })).toBe(true)
  })

  it('lets a key grant its own scopes only', () => {
    for (const scope of scopes) {
      // An admin's key lets agents in, although it cannot be one.
      expect(may(creator(), { scopes: [scope] })).toBe(['chat', 'admin', 'agent'].includes(scope))
    }
    const agent = creator({ scopes: new Set<Scope>(['agent']) })
    for (const scope of scopes) expect(may(agent, { scopes: [scope] })).toBe(false)
    expect(may(creator(), { scopes: ['chat', 'models:write'] })).toBe(false)
  })

  it.each<[readonly string[] | null, readonly string[] | null, boolean]>([
    [null, null, true],
    [null, ['llama3'], true],
    [null, ['*'], true],
    [null, ['*:cloud'], false],
    [null, ['x:8b-cloud'], false],
    [['*'], null, true],
    [['*'], ['x:cloud'], false],
    [['*', '*:cloud'], ['x:cloud'], true],
    [['*:cloud'], ['*cloud'], false],
    [['llama3*'], null, false],
    [['llama3*'], ['llama3'], true],
    [['llama3*'], ['library/Llama3:8b'], true],
    [['llama3*'], ['llama*'], false],
    [['llama3'], ['llama3:latest'], true],
    [['llama3'], ['llama3', 'qwen3'], false],
    [['llama3'], [], true],
    [[], null, false],
  ])('with models %j, to grant %j: %s', (own, models, expected) => {
    expect(may(creator({ models: own }), { models })).toBe(expected)
  })

  it('lets a key grant its own upstreams only', () => {
    expect(may(creator({ upstreams: ['a', 'b'] }), { upstreams: ['b'] })).toBe(true)
    expect(may(creator({ upstreams: ['a'] }), { upstreams: ['a', 'b'] })).toBe(false)
    expect(may(creator({ upstreams: ['a'] }), { upstreams: null })).toBe(false)
  })

  it('lets no key outlive the one that made it', () => {
    expect(may(creator({ expiresAt: 100 }), { expiresAt: 100 })).toBe(true)
    expect(may(creator({ expiresAt: 100 }), { expiresAt: 101 })).toBe(false)
    expect(may(creator({ expiresAt: 100 }), { expiresAt: null })).toBe(false)
    expect(may(creator(), { expiresAt: null })).toBe(true)
  })

  it.each<[QueueShare | undefined, QueueShare | undefined, boolean]>([
    [undefined, undefined, true],
    [undefined, { class: 'batch', weight: 1 }, true],
    [undefined, { class: 'interactive', weight: 2 }, false],
    [undefined, { class: 'batch', weight: 2 }, false],
    [{ class: 'interactive', weight: 5 }, { class: 'batch', weight: 5 }, true],
    [{ class: 'interactive', weight: 5 }, { class: 'interactive', weight: 6 }, false],
    [{ class: 'batch', weight: 5 }, { class: 'batch', weight: 5 }, true],
    [{ class: 'batch', weight: 5 }, { class: 'interactive', weight: 1 }, false],
    [{ class: 'batch', weight: 5 }, undefined, false],
  ])('with the share %j, to grant %j without being an admin: %s', (own, queue, expected) => {
    const mine = own === undefined ? {} : { queue: own }
    const grant = queue === undefined ? {} : { queue }
    expect(may(creator({ scopes: new Set<Scope>(['chat']), ...mine }), grant)).toBe(expected)
    expect(may(creator(mine), grant)).toBe(true)
  })

  it.each<[LimitTerms | undefined, LimitTerms | undefined, LimitTerms | null, boolean]>([
    [undefined, undefined, null, true],
    [undefined, undefined, { concurrent: 1 }, true],
    [{ concurrent: 2 }, undefined, null, false],
    [{ concurrent: 2 }, undefined, { concurrent: 3 }, false],
    [{ concurrent: 2 }, undefined, { tokensPerDay: 1 }, false],
    [{ concurrent: 2 }, undefined, { concurrent: 2 }, true],
    [undefined, { concurrent: 2 }, null, false],
    [{ concurrent: 2 }, { concurrent: 1 }, { concurrent: 2 }, false],
    [{ concurrent: 2 }, { tokensPerDay: 9 }, { concurrent: 1, tokensPerDay: 9, moneyPerMonth: 1 }, true],
  ])('with limits %j of its own and %j of the user, to grant %j: %s', (limits, userLimits, wanted, expected) => {
    const mine = { ...(limits && { limits }), ...(userLimits && { userLimits }) }
    expect(may(creator(mine), { limits: wanted })).toBe(expected)
    expect(may('operator', { limits: wanted })).toBe(true)
  })

  it('counts the limits of the user whose key it is as limits of the key', () => {
    const mine = creator({ limits: { concurrent: 2 }, userLimits: { tokensPerDay: 9 } })
    expect(may(mine, { limits: { concurrent: 2 }, userLimits: { tokensPerDay: 9 } })).toBe(true)
    expect(may(mine, { limits: { concurrent: 2 }, userLimits: { tokensPerDay: 10 } })).toBe(false)
  })

  it('never grants a number that the creator has not', () => {
    const amount = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined })
    const terms = fc.record({ concurrent: amount, tokensPerDay: amount, moneyPerMonth: amount })
    fc.assert(
      fc.property(terms, terms, terms, terms, (limits, userLimits, wanted, wantedOfUser) => {
        fc.pre(may(creator({ limits: known(limits), userLimits: known(userLimits) }), granted(wanted, wantedOfUser)))
        for (const name of ['concurrent', 'tokensPerDay', 'moneyPerMonth'] as const) {
          const own = Math.min(limits[name] ?? Infinity, userLimits[name] ?? Infinity)
          const given = Math.min(wanted[name] ?? Infinity, wantedOfUser[name] ?? Infinity)
          expect(given).toBeLessThanOrEqual(own)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('never grants a model that the creator may not use', () => {
    const pattern = fc.constantFrom(
      'llama3',
      'llama3*',
      'llama*',
      '*',
      '*:cloud',
      '*cloud',
      'x:cloud',
      'x:*-cloud',
      'x*',
      '?:8b*',
    )
    const models = fc.option(fc.array(pattern, { maxLength: 3 }))
    const name = fc.constantFrom('llama3', 'llama3:8b', 'llama2', 'x', 'x:cloud', 'x:8b-cloud', 'x:8b', 'y:cloud')
    fc.assert(
      fc.property(
        models,
        models,
        fc.tuple(name, fc.boolean(), fc.boolean()),
        (own, granted, [name, remote, webSearch]) => {
          fc.pre(may(creator({ models: own }), { models: granted }))
          const use = { names: [name], remoteHosts: () => remote, isForeign: () => false, webSearch }
          fc.pre(judgeModels(creator({ models: granted }), use).kind === 'allowed')
          expect(judgeModels(creator({ models: own }), use).kind).toBe('allowed')
        },
      ),
      { numRuns: 2000 },
    )
  })
})
