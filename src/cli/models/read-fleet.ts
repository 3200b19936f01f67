import { listModelsRoute } from '../../admin/models.ts'
import type { FleetModels } from '../../admin/model-schemas.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { createRemoteAdministration } from '../remote-administration.ts'
import { atKeyboard, type GatewayTarget } from '../gateway-target.ts'

/** Which models are where; needs a key of an admin. */
export function readFleet(target: GatewayTarget): Promise<FleetModels> {
  return askFleet(target).catch((error: unknown) => {
    throw atKeyboard(error)
  })
}

/** The same; undefined where the key may not know. */
export async function readFleetIfAllowed(target: GatewayTarget): Promise<FleetModels | undefined> {
  try {
    return await askFleet(target)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'missing_scope') return undefined
    throw atKeyboard(error)
  }
}

function askFleet(target: GatewayTarget): Promise<FleetModels> {
  return createRemoteAdministration(target).call(listModelsRoute)
}
