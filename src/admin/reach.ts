import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminContext } from './admin-route.ts'

interface Place {
  readonly name: string
  /** Of an agent. */
  readonly pool: string | null
}

/** Whether the key that asks may reach an upstream: one that is limited to some administers no others. */
export function isWithinReach({ principal }: Pick<AdminContext, 'principal'>, { name, pool }: Place): boolean {
  const granted = principal === 'operator' ? null : principal.upstreams
  return granted === null || granted.includes(name) || (pool !== null && granted.includes(pool))
}

/** Throws GatewayError `model_denied`. */
export function checkReach(context: Pick<AdminContext, 'principal'>, place: Place): void {
  if (isWithinReach(context, place)) return
  throw new GatewayError('model_denied', { message: `This key may not reach upstream ${JSON.stringify(place.name)}` })
}
