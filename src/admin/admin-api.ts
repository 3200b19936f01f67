import type { Creator } from '../auth/granting.ts'
import type { AdminDeps, AdminRoute } from './admin-route.ts'
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
      const result = await route.handle({ ...deps, principal: call.principal, params: call.params }, input)
      // Parsed on the way out too: what the schema does not name, such as a digest, cannot leave.
      return { status: route.status, body: JSON.stringify(route.output.parse(result)) }
    },
  }
}
