import { isScope, type Scope } from '../../auth/scope.ts'
import { parseRequestTarget } from '../../http/request-target.ts'
import { createRouteTable } from '../../http/route-match.ts'
import { routes } from '../../http/route-table.ts'

/** What the gateway itself asks, to know what is there. */
const always = new Set(['/', '/api/version', '/api/tags', '/api/ps', '/v1/models'])

/**
 * The agent's own word on what may pass: routes of the Ollama API whose scope it allows, read by the same parser and
 * table as the gateway's. A gateway that was taken over cannot send anything else.
 */
export function createAgentPolicy(
  id: string,
  allow: readonly Scope[],
): (method: string, target: string) => string | undefined {
  const table = createRouteTable(routes)
  return (method, target) => {
    const parsed = parseRequestTarget(target)
    const match = parsed.kind === 'ok' && parsed.pathKey === null ? table.match(method, parsed.path) : undefined
    if (parsed.kind !== 'ok' || match?.kind !== 'route') return `Agent "${id}" passes on nothing but the Ollama API`
    const { scope } = match.route
    if (always.has(parsed.path) || scope === 'open' || (isScope(scope) && allow.includes(scope))) return undefined
    return `Agent "${id}" does not allow ${scope}`
  }
}
