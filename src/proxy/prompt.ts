/** What a request gives a model to read, as far as routing must know it. */
export interface Prompt {
  /** An estimate. */
  readonly tokens: number
  /**
   * Digests of its beginnings, one per block of tokens, each over everything before it: two prompts share as much as
   * their lists begin alike. Made when first asked for; empty where there is too little to be worth keeping.
   */
  blocks(): readonly number[]
}

export const NO_PROMPT: Prompt = { tokens: 0, blocks: () => [] }
