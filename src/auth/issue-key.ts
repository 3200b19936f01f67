import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import { entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyId, createSecret, keyHint, type KeyFormat } from './key-format.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'
import type { KeyRecord, KeyTables, UserRecord } from './key-store.ts'
import { isModelPattern } from './model-patterns.ts'
import { isPlainShare, MAX_WEIGHT, PLAIN_SHARE, queueClasses, type QueueShare } from './principal.ts'
import { allowedScopes } from './role.ts'
import { isScope, type Scope } from './scope.ts'

export interface IssueDeps {
  readonly store: Pick<KeyTables, 'listUsers' | 'listKeys' | 'createKey' | 'changeKey'>
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
  readonly limits?: LimitTerms | null
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
  readonly limits: LimitTerms | null
}

/** Checks what was asked for and finds the user. */
export async function settleTerms(
  { store, clock }: Pick<IssueDeps, 'store' | 'clock'>,
  terms: KeyTerms,
): Promise<SettledTerms> {
  const scopes = [...new Set(terms.scopes)]
  checkTerms({ ...terms, scopes }, clock.now())
  const user = findUser(await store.listUsers(), terms.user)
  if (user.disabled) throw invalid(`The user "${user.name}" is disabled`)
  checkRole(user, scopes)
  return {
    userId: user.id,
    scopes,
    models: terms.models,
    upstreams: terms.upstreams ?? null,
    pools: terms.pools ?? null,
    expiresAt: terms.expiresAt,
    queue: terms.queue ?? PLAIN_SHARE,
    limits: terms.limits ?? null,
  }
}

/** Throws GatewayError `invalid_input` for what no key can be. */
export function checkTerms(terms: Omit<KeyTerms, 'user'>, now: number): void {
  const { scopes } = terms
  if (scopes.length === 0) throw invalid('A key needs at least one scope')
  const unknown = scopes.find((scope) => !isScope(scope))
  if (unknown !== undefined) throw invalid(`There is no scope ${JSON.stringify(unknown)}`)
  checkAgent(scopes, terms)
  checkShare(terms.queue ?? PLAIN_SHARE)
  const badPattern = terms.models?.find((pattern) => !isModelPattern(pattern))
  if (badPattern !== undefined) throw invalid(`${JSON.stringify(badPattern)} is not a model name or pattern`)
  if (terms.expiresAt !== null && !(terms.expiresAt > now)) throw invalid('The expiry lies in the past')
}

/** By name, or else by id. */
export function findUser(users: readonly UserRecord[], nameOrId: string): UserRecord {
  const user = users.find(({ name }) => name === nameOrId) ?? users.find(({ id }) => id === nameOrId)
  if (user !== undefined) return user
  throw new GatewayError('not_found', { message: `There is no user ${JSON.stringify(nameOrId)}` })
}

function checkRole({ name, role }: UserRecord, scopes: readonly Scope[]): void {
  const beyond = scopes.find((scope) => !allowedScopes(role, [scope]).includes(scope))
  if (beyond === undefined) return
  throw invalid(`"${name}" is a member, whose keys cannot have the scope "${beyond}": that takes the role admin`)
}

function checkShare({ class: name, weight }: QueueShare): void {
  if (!queueClasses.includes(name)) throw invalid(`There is no class ${JSON.stringify(name)} of the queue`)
  if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
    throw invalid(`A weight is a whole number from 1 to ${MAX_WEIGHT}`)
  }
}

/** What opens the tunnel opens nothing else, and the other way round. */
function checkAgent(scopes: readonly Scope[], terms: Omit<KeyTerms, 'user'>): void {
  const { models, upstreams, pools, queue, limits } = terms
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
  if (limits != null) throw invalid('A key of an agent sends no requests: it takes no limits')
}

export function checkName(name: string): string {
  if (!isEntityName(name)) throw invalid(`${JSON.stringify(name)} cannot be a name: use ${entityNameRule}`)
  return name
}

export function invalid(message: string): GatewayError {
  return new GatewayError('invalid_input', { message })
}
