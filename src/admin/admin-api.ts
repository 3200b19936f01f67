import type { AuditActor } from '../auth/audit.ts'
import { REFUSED } from '../auth/audit.ts'
import type { Creator } from '../auth/granting.ts'
import type { KeyTables } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminContext, AdminDeps, AdminRoute, AdminStream, Changing } from './admin-route.ts'
import type { EventSource } from './live-viewer.ts'
import { parseInput, type AdminRequest } from './parse-input.ts'
import { adminRoutes, adminStreams } from './routes.ts'

export interface AdminCall extends AdminRequest {
  /** Decoded values of the pattern's `:name` segments. */
  readonly params: Readonly<Record<string, string>>
  readonly principal: Creator
}

export interface AdminApi {
  readonly routes: readonly AdminRoute[]
  /** Throws GatewayError. Whether the caller may use the route was decided before. */
  handle(route: AdminRoute, call: AdminCall): Promise<{ readonly status: number; readonly body: string }>
  readonly streams: readonly AdminStream[]
  /** As `handle`. */
  open(stream: AdminStream, call: AdminCall): Promise<EventSource>
}

export function createAdminApi(deps: AdminDeps): AdminApi {
  return {
    routes: adminRoutes,
    async handle(route, call) {
      const input = parseInput(route, call)
      const result = await perform(deps, route, { call, input }).catch(noted(deps, route, call))
      // Parsed on the way out too: what the schema does not name, such as a digest, cannot leave.
      return { status: route.status, body: JSON.stringify(route.output.parse(result)) }
    },
    streams: adminStreams,
    async open(stream, call) {
      const context = contextOf(deps, call, (change) => commit(deps, stream, { call, change }))
      return stream.open(context, parseInput(stream, call)).catch(noted(deps, stream, call))
    },
  }
}

type Line = Pick<AdminRoute, 'method' | 'pattern'>

/** Whoever tries what they may not is written down, and told no. */
function noted(deps: AdminDeps, line: Line, { principal }: AdminCall) {
  return (error: unknown): never => {
    if (isLackOfRights(error)) deps.refused(refusalOf(line, principal, error))
    throw error
  }
}

interface Asked {
  readonly call: AdminCall
  readonly input: unknown
}

async function perform(deps: AdminDeps, route: AdminRoute, { call, input }: Asked): Promise<unknown> {
  const context = contextOf(deps, call, (change) => commit(deps, route, { call, change }))
  if (route.changes !== true) return route.handle(context, input)
  const again = (): never => {
    throw new Error(`${route.method} ${route.pattern} is one transaction already`)
  }
  return context.commit((changing) => route.handle({ ...contextOf(deps, call, again), ...changing }, input))
}

interface Change<T> {
  readonly call: AdminCall
  change(changing: Changing): Promise<T>
}

async function commit<T>(deps: AdminDeps, route: Line, { call, change }: Change<T>): Promise<T> {
  const result = await deps.store.change(async (tables) => {
    let entries = 0
    const write = auditOf(tables, call)
    const audit: Changing['audit'] = async (...entry) => {
      entries++
      await write(...entry)
    }
    const done = await change({ store: tables, audit })
    if (entries === 0) throw new Error(`${route.method} ${route.pattern} changed something and told nobody`)
    return done
  })
  await deps.changed()
  return result
}

function contextOf(deps: AdminDeps, call: AdminCall, commit: AdminContext['commit']): AdminContext {
  const { principal, params } = call
  return { ...deps, principal, params, audit: auditOf(deps.store, call), commit }
}

function auditOf(store: KeyTables, { principal }: AdminCall): Changing['audit'] {
  return (action, subject, detail) => store.writeAudit({ actor: actorOf(principal), action, subject, detail })
}

export function actorOf(principal: Creator): AuditActor | null {
  if (principal === 'operator') return null
  return { user: principal.user, keyId: principal.keyId, keyName: principal.keyName }
}

function isLackOfRights(error: unknown): error is GatewayError {
  return error instanceof GatewayError && (error.code === 'missing_scope' || error.code === 'model_denied')
}

function refusalOf(line: Line, principal: Creator, error: GatewayError): Parameters<AdminDeps['refused']>[0] {
  const subject = `${line.method} ${line.pattern}`
  return { actor: actorOf(principal), action: REFUSED, subject, detail: { reason: error.message } }
}
