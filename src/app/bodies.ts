import { parseCredential } from '../auth/credential.ts'
import type { Settings } from '../config/settings.ts'
import { parseRequestTarget } from '../http/request-target.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createBodyBudget } from '../proxy/body-budget.ts'
import type { BodyWatch } from '../proxy/proxy-request.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { type BodyLog, createBodyLog } from '../telemetry/body-log.ts'
import { ownSecrets } from './own-secrets.ts'

/** What clients send and are sent, written down where the config wants that. */
export interface Bodies extends Pick<BodyLog, 'close' | 'counts'> {
  /** Null: nobody's bodies are wanted. */
  watching(settings: Settings): BodyWatch | null
}

/** Memory for what is being recorded, and for what waits to be written. */
const TOTAL_BYTES = 64 * 1024 * 1024

/** Null: there is no folder for them. */
export function createBodies({ log: { requests } }: Settings, deps: { clock: Clock; log: Log }): Bodies | null {
  if (requests === null) return null
  const bodyLog = createBodyLog({ ...deps, directory: requests, budget: createBodyBudget(TOTAL_BYTES) })
  return {
    ...bodyLog,
    watching: (settings) => bodyLog.watching(settings.log.bodies, { own: ownSecrets(settings), presented }),
  }
}

/** The key of a request that was let in; a signature is of no use to anyone a minute later. */
function presented({ headers, target }: ClientRequest): string[] {
  const parsed = parseRequestTarget(target)
  const credential = parseCredential(headers, parsed.kind === 'ok' ? parsed.pathKey : null)
  return credential.kind === 'key' && credential.secret !== 'ollama' ? [credential.secret] : []
}
