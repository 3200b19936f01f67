import { parseAnyModelName } from '../../lib/model-name.ts'
import type { ModelSettings } from '../../proxy/settings.ts'

/** A model that answers for another. */
export interface ModelTarget {
  /** As the config spells it: what the upstream is asked for. */
  readonly name: string
  readonly canonical: string
}

export interface ModelAlias {
  /** As the config spells it: what the lists show. */
  readonly name: string
  readonly canonical: string
  readonly target: ModelTarget
}

/** What the config says about names. Lookups take canonical names. */
export interface ModelNames {
  resolveAlias(canonical: string): ModelTarget | undefined
  /** In the order to try them. */
  fallbacksOf(canonical: string): readonly ModelTarget[]
  readonly aliases: readonly ModelAlias[]
  readonly assignments: ReadonlyMap<string, readonly string[]>
}

/** Follows an alias of an alias; one that leads back to itself or to no valid name is no alias. */
export function createModelNames(settings: Pick<ModelSettings, 'aliases' | 'assignments' | 'fallbacks'>): ModelNames {
  const direct = new Map(canonicalEntries(settings.aliases))
  const aliases = Object.keys(settings.aliases).flatMap((name) => {
    const canonical = canonicalOf(name)
    const target = canonical === undefined ? undefined : follow(canonical, direct)
    return canonical === undefined || target === undefined ? [] : [{ name, canonical, target }]
  })
  const targets = new Map(aliases.map((alias) => [alias.canonical, alias.target]))
  // A name may be an alias and, at a provider, a model of its own: who falls back to it may have either.
  const standIns = (name: string): ModelTarget[] => {
    const named = targetOf(name)
    return named === undefined ? [] : [named, targets.get(named.canonical) ?? named]
  }
  const fallbacks = new Map(
    canonicalEntries(settings.fallbacks).map(([canonical, names]) => {
      const others = names.flatMap(standIns).filter((target) => target.canonical !== canonical)
      return [canonical, [...new Map(others.map((target) => [target.canonical, target])).values()]]
    }),
  )
  return {
    resolveAlias: (canonical) => targets.get(canonical),
    fallbacksOf: (canonical) => fallbacks.get(canonical) ?? [],
    aliases,
    assignments: new Map(canonicalEntries(settings.assignments)),
  }
}

function follow(canonical: string, direct: ReadonlyMap<string, string>): ModelTarget | undefined {
  const seen = new Set<string>()
  let target: ModelTarget | undefined
  for (let at = canonical; ; at = target.canonical) {
    const name = direct.get(at)
    if (name === undefined) return target
    seen.add(at)
    target = targetOf(name)
    if (target === undefined || seen.has(target.canonical)) return undefined
  }
}

function targetOf(name: string): ModelTarget | undefined {
  const canonical = canonicalOf(name)
  return canonical === undefined ? undefined : { name, canonical }
}

function canonicalEntries<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).flatMap(([name, value]): [string, T][] => {
    const canonical = canonicalOf(name)
    return canonical === undefined ? [] : [[canonical, value]]
  })
}

function canonicalOf(name: string): string | undefined {
  const parsed = parseAnyModelName(name)
  return parsed.kind === 'invalid' ? undefined : parsed.canonical
}
