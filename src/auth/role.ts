import type { Scope } from './scope.ts'

/** What keys of a user may be at most. */
export const roles = ['admin', 'member'] as const

export type Role = (typeof roles)[number]

/** Only keys of an admin hold these. */
export const adminScopes: readonly Scope[] = ['admin', 'metrics', 'agent']

export function allowedScopes(role: Role, scopes: readonly Scope[]): readonly Scope[] {
  return role === 'admin' ? scopes : scopes.filter((scope) => !adminScopes.includes(scope))
}
