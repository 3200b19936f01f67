/** What usage can be told apart by. */
export const usageFields = ['user', 'key', 'model', 'upstream', 'day'] as const

export type UsageField = (typeof usageFields)[number]

export interface UsageQuery {
  readonly by: readonly UsageField[]
  /** Milliseconds since the epoch; null: everything that is kept. */
  readonly since: number | null
  /** Of whom alone; absent: of everybody. */
  readonly userId?: string
  /** Whether the mean times are wanted too. */
  readonly times?: boolean
}

export interface UsageSums {
  readonly requests: number
  /** Answered with an error, or broken off; a client that left is none. */
  readonly errors: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly cost: number
  /** Mean milliseconds, where they were asked for; null: not known of any of them. */
  readonly queue_ms?: number | null
  readonly first_token_ms?: number | null
}

/** Sums with the fields that were asked for, null where an exchange has none: a list of models names no model. */
export type UsageRow = UsageSums & { readonly [F in Exclude<UsageField, 'day'>]?: string | null | undefined } & {
  readonly day?: string | undefined
}

/** What a key has used of a model. */
export interface KeyUsage {
  readonly keyId: string
  /** Null where the key is none of the store's. */
  readonly userId: string | null
  /** Empty where none was named. */
  readonly model: string
  /** Of prompts and answers together. */
  readonly tokens: number
  readonly cost: number
}
