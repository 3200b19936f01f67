import type { AuditActor } from '../auth/audit.ts'
import { REFUSED } from '../auth/audit.ts'
import type { Creator } from '../auth/granting.ts'
import type { KeyTables } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminContext, AdminDeps, AdminRoute } from './admin-route.ts'
import { parseInput, type AdminRequest } from './parse-input.ts'
import { adminRoutes } from './routes.ts'

export interface AdminCall extends AdminRequest {
  /** Decoded values of the pattern's `:name` segments. */
  readonly params: Readonly<Record<string, string>>
  readonly principal: Creator
}

export interface AdminApi {
  readonly routes: readonly AdminRoute[]
  /** Throws GatewayError. Whether the caller may use the route was decided before. */
  handle(route: AdminRoute, call: AdminCall): Promise<{ readonly status: number; readonly body: string }>
}

export function createAdminApi(deps: AdminDeps): AdminApi {
  return {
    routes: adminRoutes,
    async handle(route, call) {
      const input = parseInput(route, call)
      const result = await perform(deps, route, { call, input }).catch((error: unknown) => {
        if (isLackOfRights(error)) deps.refused(refusalOf(route, call.principal, error))
        throw error
      })
      // Parsed on the way out too: what the schema does not name, such as a digest, cannot leave.
      return { status: route.status, body: JSON.stringify(route.output.parse(result)) }
    },
  }
}

interface Asked {
  readonly call: AdminCall
  readonly input: unknown
}

async function perform(deps: AdminDeps, route: AdminRoute, { call, input }: Asked): Promise<unknown> {
  if (route.changes !== true) return route.handle(contextOf(deps, deps.store, call), input)
  const result = await deps.store.change(async (tables) => {
    let entries = 0
    const context = contextOf(deps, tables, call)
    const audit: AdminContext['audit'] = async (...entry) => {
      entries++
      await context.audit(...entry)
    }
    const done = await route.handle({ ...context, audit }, input)
    if (entries === 0) throw new Error(`${route.method} ${route.pattern} changed something and told nobody`)
    return done
  })
  await deps.changed()
  return result
}

function contextOf(deps: AdminDeps, store: KeyTables, { principal, params }: AdminCall): AdminContext {
  const audit: AdminContext['audit'] = (action, subject, detail) =>
    store.writeAudit({ actor: actorOf(principal), action, subject, detail })
  return { ...deps, store, principal, params, audit }
}

export function actorOf(principal: Creator): AuditActor | null {
  if (principal === 'operator') return null
  return { user: principal.user, keyId: principal.keyId, keyName: principal.keyName }
}

function isLackOfRights(error: unknown): error is GatewayError {
  return error instanceof GatewayError && (error.code === 'missing_scope' || error.code === 'model_denied')
}

function refusalOf(route: AdminRoute, principal: Creator, error: GatewayError): Parameters<AdminDeps['refused']>[0] {
  const subject = `${route.method} ${route.pattern}`
  return { actor: actorOf(principal), action: REFUSED, subject, detail: { reason: error.message } }
}
