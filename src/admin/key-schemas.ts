import * as z from 'zod'
import { MAX_WEIGHT, queueClasses } from '../auth/principal.ts'
import { roles } from '../auth/role.ts'
import { scopes } from '../auth/scope.ts'
import { entityNamePattern, entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { limitChangesSchema, limitsSchema, limitUsesSchema, shownLimitsSchema } from './limit-schemas.ts'

const maxExpirySeconds = 10 * 365 * 24 * 60 * 60
const maxOverlapSeconds = 90 * 24 * 60 * 60

/** How long a secret that was replaced goes on working where nobody says. */
export const DEFAULT_OVERLAP_SECONDS = 24 * 60 * 60
const timeSchema = z.iso.datetime()

const nameSchema = z
  .string()
  .refine(isEntityName, { error: `must be ${entityNameRule}` })
  .meta({ minLength: 1, maxLength: 64, pattern: entityNamePattern, description: entityNameRule })

const patternSchema = z.string().min(1).max(512)
const idSchema = z.string().min(1).max(256)

const listTerms = {
  models: z
    .array(patternSchema)
    .min(1)
    .nullish()
    .meta({ description: 'Models it may use, globs allowed; null is every local model' }),
  upstreams: z
    .array(patternSchema)
    .min(1)
    .nullish()
    .meta({ description: 'Names of the upstreams it may reach; null is all' }),
}

const expiryTerms = {
  expires_in_seconds: z
    .int()
    .min(1)
    .max(maxExpirySeconds)
    .nullish()
    .meta({ description: 'The key ends by itself after this long; null is never' }),
  expires_at: z.iso
    .datetime({ offset: true })
    .nullish()
    .meta({ description: 'The same as a time; one of the two is enough' }),
}

const queueTerms = {
  class: z
    .enum(queueClasses)
    .optional()
    .meta({ description: 'Whether it waits before all batch keys in the queue; interactive when omitted' }),
  weight: z
    .int()
    .min(1)
    .max(MAX_WEIGHT)
    .optional()
    .meta({ description: 'Its share of the upstreams while others of its class wait too; 1 when omitted' }),
}

const terms = {
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .optional()
    .meta({ description: 'What the key may do; chat, embed and models:read when omitted' }),
  ...listTerms,
  ...expiryTerms,
  ...queueTerms,
}

const owner = { user: nameSchema.optional().meta({ description: 'Whose key it is; admin when omitted' }) }
const limits = { limits: limitsSchema.nullish().meta({ description: 'Of this key alone' }) }

export const newUserSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(roles).optional().meta({ description: 'when omitted: what its scopes need' }),
  limits: limitsSchema.nullish().meta({ description: 'Of all keys of the user together' }),
  ...terms,
})

export const userNameSchema = z.strictObject({ name: nameSchema })

export const userChangeSchema = z.strictObject({
  name: nameSchema,
  role: z
    .enum(roles)
    .optional()
    .meta({ description: 'A member loses the scopes admin, metrics and agent on every key' }),
  limits: limitChangesSchema.nullish().meta({ description: 'Null takes all away; a limit that is null goes' }),
})

export const newKeySchema = z.strictObject({
  name: nameSchema,
  ...owner,
  ...terms,
  ...limits,
  pools: z
    .array(z.string().min(1).max(64))
    .min(1)
    .nullish()
    .meta({ description: 'Of a key with scope agent: the pools its agents may join; default when omitted' }),
  format: z.enum(['crl', 'ollama-uuid']).optional().meta({ description: 'Shape of the secret; crl when omitted' }),
})

/** What is omitted is as with the key that asks. */
export const ownKeySchema = z.strictObject({ name: nameSchema, ...terms, ...limits })

export const newSshKeySchema = z.strictObject({
  name: nameSchema,
  ...owner,
  ...terms,
  ...limits,
  public_key: z.string().max(4096).meta({ description: 'The line of id_ed25519.pub' }),
})

export const keyImportSchema = z.strictObject({
  text: z.string().meta({ description: 'authTokens.json, or one OLLAMA-UUID key per line' }),
  ...owner,
  ...terms,
  ...limits,
})

export const keyChangeSchema = z.strictObject({
  key: idSchema.meta({ description: 'Its id or name' }),
  ...listTerms,
  ...expiryTerms,
  ...queueTerms,
  limits: limitChangesSchema.nullish().meta({ description: 'Null takes all away; a limit that is null goes' }),
})

export const rotationSchema = z.strictObject({
  key: idSchema.meta({ description: 'Its id or name' }),
  overlap_seconds: z
    .int()
    .min(0)
    .max(maxOverlapSeconds)
    .default(DEFAULT_OVERLAP_SECONDS)
    .meta({ description: 'How long the old secret opens the key too; 0 ends it, and what runs with it, at once' }),
})

export const keyFilterSchema = z.object({ user: nameSchema.optional() })

export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    state: z.enum(['active', 'disabled']),
    limits: shownLimitsSchema,
    created_at: timeSchema,
    active_keys: z.int().meta({ description: 'Keys that would be accepted now' }),
    last_used_at: timeSchema.nullable().meta({ description: 'Of any of its keys' }),
  })
  .meta({ id: 'User' })

const keyShape = {
  id: z.string(),
  name: z.string(),
  user: z.string(),
  kind: z.enum(['key', 'ssh']),
  scopes: z.array(z.enum(scopes)),
  models: z.array(z.string()).nullable(),
  upstreams: z.array(z.string()).nullable(),
  pools: z.array(z.string()).nullable().meta({ description: 'Pools of agents; null for every other key' }),
  class: z.enum(queueClasses),
  weight: z.int(),
  limits: shownLimitsSchema,
  created_at: timeSchema,
  expires_at: timeSchema.nullable(),
  revoked_at: timeSchema.nullable(),
  last_used_at: timeSchema.nullable().meta({ description: 'To the minute; null: never' }),
  old_secret_until: timeSchema.nullable().meta({ description: 'Until when the secret before the last rotation works' }),
  state: z.enum(['active', 'expired', 'revoked', 'disabled']).meta({ description: 'disabled: its user is' }),
  hint: z.string().meta({ description: 'The last characters of the secret' }),
}

export const keySchema = z.object(keyShape).meta({ id: 'Key' })

export const createdKeySchema = z
  .object({ ...keyShape, secret: z.string().meta({ description: 'Said here and never again' }) })
  .meta({ id: 'CreatedKey' })

export const createdUserSchema = z.object({ user: userSchema, key: createdKeySchema }).meta({ id: 'CreatedUser' })

export const shownUserSchema = z.object({ user: userSchema, keys: z.array(keySchema) }).meta({ id: 'ShownUser' })

export const importedKeysSchema = z
  .object({
    imported: z.array(keySchema),
    known: z.int().meta({ description: 'How many were in the store already' }),
  })
  .meta({ id: 'ImportedKeys' })

export const selfSchema = z
  .object({
    user: z.object({ id: z.string(), name: z.string(), role: z.enum(roles), limits: shownLimitsSchema }),
    key: keySchema,
    limits: limitUsesSchema.meta({ description: 'What is used now of each limit of this key and of its user' }),
  })
  .meta({ id: 'Self' })

export type UserView = z.output<typeof userSchema>
export type KeyView = z.output<typeof keySchema>
export type CreatedKey = z.output<typeof createdKeySchema>
export type TermsInput = Omit<z.output<typeof newKeySchema>, 'name' | 'format'>
export type KeyChangeInput = z.output<typeof keyChangeSchema>
export type OwnKeyInput = z.output<typeof ownKeySchema>
