/** What a key may do. Routes name one of these, or are open. */
export const scopes = ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics', 'agent'] as const

export type Scope = (typeof scopes)[number]

/** Scopes of a key that was created without naming any. */
export const defaultScopes: readonly Scope[] = ['chat', 'embed', 'models:read']

export function isScope(value: string): value is Scope {
  return (scopes as readonly string[]).includes(value)
}
