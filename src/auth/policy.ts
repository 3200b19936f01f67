import { GatewayError } from '../errors/gateway-error.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { openPrincipal } from './authenticator.ts'
import { modelPatterns, type ModelPatterns } from './model-patterns.ts'
import type { Principal } from './principal.ts'
import type { Scope } from './scope.ts'

export type Judgement = { readonly kind: 'allowed' } | { readonly kind: 'denied'; readonly error: GatewayError }

export interface ModelUse {
  /** Every model name of the request, as sent. */
  readonly names: readonly string[]
  /** Whether some upstream lists the model with a `remote_host`: a stub that runs in the cloud under any name. */
  readonly remoteHosts: (canonical: string) => boolean
  /** Whether some provider has a model of a name that no Ollama could have. */
  readonly isForeign: (canonical: string) => boolean
  /** Whether the request brings a `web_search` tool, which Ollama runs on the server's account. */
  readonly webSearch: boolean
}

/** What a path or a signature carries may have been read by others. */
const SELF_DENIED = "Only the key of a user in the store, sent in a header, manages the user's own keys"

export const ALLOWED: Judgement = Object.freeze({ kind: 'allowed' })

/** What a route asks for: `self` is any key of a user in the store, `session` the cookie of the console. */
export type RouteScope = Scope | 'open' | 'self' | 'session'

export function allowsScope(principal: Principal, { scope }: { readonly scope: RouteScope }): boolean {
  if (scope === 'session') return principal.session !== undefined
  if (scope === 'self') return principal.userId !== undefined && principal.isWeak !== true
  return scope === 'open' || principal.scopes.has(scope)
}

export function scopeDenied(principal: Principal, scope: RouteScope): GatewayError {
  if (scope === 'session') return new GatewayError('no_session')
  if (scope === 'self') return new GatewayError('missing_scope', { message: SELF_DENIED })
  const message =
    principal === openPrincipal
      ? `auth.mode none gives nobody the scope "${scope}"`
      : `This key has no scope "${scope}"`
  return new GatewayError('missing_scope', { message })
}

export function allowsUpstream(principal: Principal, upstream: string): boolean {
  return principal.upstreams === null || principal.upstreams.includes(upstream)
}

export function judgeModels(principal: Principal, use: ModelUse): Judgement {
  const patterns = modelPatterns(principal.models)
  for (const name of use.names) {
    const error = judgeName(patterns, name, use)
    if (error !== undefined) return { kind: 'denied', error }
  }
  if (use.webSearch && !patterns.namesCloud) {
    const message = 'This key may not use the cloud: "web_search" runs there'
    return { kind: 'denied', error: new GatewayError('cloud_denied', { message }) }
  }
  return ALLOWED
}

/** Whether a list shows the model to this key: exactly when the key may use it. `remote`: has a `remote_host`. */
export function visibleModel(principal: Principal, canonical: string, remote = false): boolean {
  const use = { remoteHosts: () => remote, isForeign: () => true }
  return judgeName(modelPatterns(principal.models), canonical, use) === undefined
}

function judgeName(
  patterns: ModelPatterns,
  raw: string,
  known: Pick<ModelUse, 'remoteHosts' | 'isForeign'>,
): GatewayError | undefined {
  // Ollama has words of its own for a missing name, per route.
  if (raw.trim() === '') return undefined
  const name = parseAnyModelName(raw)
  if (name.kind === 'invalid' || (name.kind === 'foreign' && !known.isForeign(name.canonical))) {
    return new GatewayError('invalid_model_name')
  }
  if (name.kind === 'cloud') return patterns.allowsCloud(name.canonical) ? undefined : cloudDenied(name.canonical)
  if (!patterns.allowsLocal(name.canonical)) return modelDenied(name.canonical)
  return known.remoteHosts(name.canonical) && !allowsStub(patterns, name.canonical)
    ? cloudDenied(name.canonical)
    : undefined
}

/** A stub may have any name; it is granted by what would grant the cloud model of that name. */
function allowsStub(patterns: ModelPatterns, canonical: string): boolean {
  const withoutTag = canonical.slice(0, canonical.lastIndexOf(':'))
  return patterns.allowsCloud(`${canonical}-cloud`) || patterns.allowsCloud(`${withoutTag}:cloud`)
}

function modelDenied(canonical: string): GatewayError {
  return new GatewayError('model_denied', { message: `This key may not use the model "${canonical}"` })
}

function cloudDenied(canonical: string): GatewayError {
  return new GatewayError('cloud_denied', { message: `This key may not use the cloud model "${canonical}"` })
}
