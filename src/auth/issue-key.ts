import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import { entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyId, createSecret, keyHint, type KeyFormat } from './key-format.ts'
import type { KeyRecord, KeyStore } from './key-store.ts'
import { isModelPattern } from './model-patterns.ts'
import { isPlainShare, MAX_WEIGHT, PLAIN_SHARE, queueClasses, type QueueShare } from './principal.ts'
import { isScope, type Scope } from './scope.ts'

export interface IssueDeps {
  readonly store: KeyStore
  readonly pepper: Uint8Array
  readonly clock: Clock
}

/** What a key may do and for how long; `issueKey`, `enrolSshKey` and `importKeys` share it. */
export interface KeyTerms {
  readonly user: string
  readonly scopes: readonly Scope[]
  readonly models: readonly string[] | null
  readonly upstreams?: readonly string[] | null
  readonly pools?: readonly string[] | null
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null
  /** Absent: interactive, weight 1. */
  readonly queue?: QueueShare
}

export interface KeyRequest extends KeyTerms {
  readonly name: string
  readonly format?: KeyFormat
}

export interface IssuedKey {
  readonly record: KeyRecord
  /** Shown once and kept nowhere. */
  readonly secret: string
}

/** Makes a key for an existing user. Throws GatewayError `invalid_input`, `not_found` or `name_taken`. */
export async function issueKey({ store, pepper, clock }: IssueDeps, request: KeyRequest): Promise<IssuedKey> {
  const terms = await settleTerms({ store, clock }, request)
  const secret = createSecret(request.format ?? 'corral')
  const record = await store.createKey({
    ...terms,
    id: createKeyId(),
    name: checkName(request.name),
    kind: 'key',
    digest: createKeyDigester(pepper).store(secret),
    hint: keyHint(secret),
  })
  return { record, secret }
}

export interface SettledTerms {
  readonly userId: string
  readonly scopes: readonly Scope[]
  readonly models: readonly string[] | null
  readonly upstreams: readonly string[] | null
  readonly pools: readonly string[] | null
  readonly expiresAt: number | null
  readonly queue: QueueShare
}

/** Checks what was asked for and finds the user. */
export async function settleTerms(
  { store, clock }: Pick<IssueDeps, 'store' | 'clock'>,
  terms: KeyTerms,
): Promise<SettledTerms> {
  const scopes = [...new Set(terms.scopes)]
  if (scopes.length === 0) throw invalid('A key needs at least one scope')
  const unknown = scopes.find((scope) => !isScope(scope))
  if (unknown !== undefined) throw invalid(`There is no scope ${JSON.stringify(unknown)}`)
  checkAgent(scopes, terms)
  checkShare(terms.queue ?? PLAIN_SHARE)
  const badPattern = terms.models?.find((pattern) => !isModelPattern(pattern))
  if (badPattern !== undefined) throw invalid(`${JSON.stringify(badPattern)} is not a model name or pattern`)
  if (terms.expiresAt !== null && !(terms.expiresAt > clock.now())) throw invalid('The expiry lies in the past')
  const users = await store.listUsers()
  const user = users.find((candidate) => candidate.name === terms.user)
  if (user === undefined) {
    throw new GatewayError('not_found', { message: `There is no user ${JSON.stringify(terms.user)}` })
  }
  if (user.disabled) throw invalid(`The user "${user.name}" is disabled`)
  return {
    userId: user.id,
    scopes,
    models: terms.models,
    upstreams: terms.upstreams ?? null,
    pools: terms.pools ?? null,
    expiresAt: terms.expiresAt,
    queue: terms.queue ?? PLAIN_SHARE,
  }
}

function checkShare({ class: name, weight }: QueueShare): void {
  if (!queueClasses.includes(name)) throw invalid(`There is no class ${JSON.stringify(name)} of the queue`)
  if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
    throw invalid(`A weight is a whole number from 1 to ${MAX_WEIGHT}`)
  }
}

/** What opens the tunnel opens nothing else, and the other way round. */
function checkAgent(scopes: readonly Scope[], { models, upstreams, pools, queue }: KeyTerms): void {
  const hasPools = pools != null && pools.length > 0
  if (!scopes.includes('agent')) {
    if (hasPools) throw invalid('Pools are for keys of agents: give it the scope "agent", or leave the pools out')
    return
  }
  if (scopes.length > 1) throw invalid('A key of an agent has the scope "agent" alone: make two keys')
  if (!hasPools) throw invalid('A key of an agent needs at least one pool')
  if (models != null || upstreams != null) {
    throw invalid('A key of an agent takes neither models nor upstreams: its pools say what it may serve')
  }
  if (queue !== undefined && !isPlainShare(queue)) {
    throw invalid('A key of an agent sends no requests: it takes neither a class nor a weight')
  }
}

export function checkName(name: string): string {
  if (!isEntityName(name)) throw invalid(`${JSON.stringify(name)} cannot be a name: use ${entityNameRule}`)
  return name
}

export function invalid(message: string): GatewayError {
  return new GatewayError('invalid_input', { message })
}
