import type { AdminContext } from './admin-route.ts'
import { manager } from './asker.ts'
import type { Sight } from './live-viewer.ts'

/** An admin's key sees every exchange, any other those of its user. */
export async function sightOf(context: Pick<AdminContext, 'principal' | 'store'>): Promise<Sight> {
  const { principal } = context
  if (principal === 'operator' || principal.scopes.has('admin')) return 'all'
  const { user } = await manager(context)
  return { userId: user.id }
}
