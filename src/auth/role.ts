import type { Scope } from './scope.ts'

/** What keys of a user may be at most. */
export const roles = ['admin', 'member'] as const

export type Role = (typeof roles)[number]

/** Only keys of an admin hold these. */
export const adminScopes: readonly Scope[] = ['admin', 'metrics', 'agent']

/** The least role whose keys may have these. */
export function roleFor(scopes: readonly Scope[]): Role {
  return scopes.some((scope) => adminScopes.includes(scope)) ? 'admin' : 'member'
}

export function allowedScopes(role: Role, scopes: readonly Scope[]): readonly Scope[] {
  return role === 'admin' ? scopes : scopes.filter((scope) => !adminScopes.includes(scope))
}
