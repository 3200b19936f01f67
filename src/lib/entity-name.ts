/** No colon: names with one are ours (`env:AUTH_TOKEN`), so that nobody can be named like them. */
const NAME = /^[\p{L}\p{N}]([\p{L}\p{N} ._@+-]{0,62}[\p{L}\p{N}._@+-])?$/u

/** As JSON Schema has it. */
export const entityNamePattern = NAME.source

/** Whether users and keys may be called so. */
export function isEntityName(name: string): boolean {
  return NAME.test(name)
}

export const entityNameRule = 'up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit'
