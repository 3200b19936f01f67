import type { AgentDoor } from '../http/agent-visit.ts'
import type { NativeUpgrade } from '../http/arrivals.ts'
import type { AdmittedUpgrade, FrontDoor } from '../http/front-door.ts'
import { parseRequestTarget } from '../http/request-target.ts'
import { securityHeaders } from '../http/security-headers.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { createAcceptUpgrade } from '../tunnel/node/accept-upgrade.ts'
import { createAgentArrivals, type OnAgent } from '../tunnel/server/agent-arrivals.ts'
import { checkHandshake } from '../tunnel/server/check-handshake.ts'
import { createSseSessions } from '../tunnel/server/sse-transport.ts'

export interface AgentDoors extends AgentDoor {
  /** Takes an upgrade of the agents' path, or refuses it; false: it is for somebody else. */
  upgrade(door: Pick<FrontDoor, 'admitUpgrade'>, request: ClientRequest, native: NativeUpgrade): boolean
  /** Closes what came with a key that is not valid any more. */
  endKey(keyId: string): void
}

export interface AgentDoorDeps {
  readonly onAgent: OnAgent
  /** Cannot be guessed. */
  randomId(): string
  readonly tls: boolean
  refused(error: GatewayError, address: string): void
}

/** Both ways in for agents, made one: whoever comes through either is a transport and a principal. */
export function createAgentDoors({ onAgent, randomId, tls, refused }: AgentDoorDeps): AgentDoors {
  const arrivals = createAgentArrivals(onAgent)
  const sessions = createSseSessions({ randomId })
  const accept = createAcceptUpgrade()
  const headers = securityHeaders(tls)

  function join(
    admitted: AdmittedUpgrade | GatewayError,
    { headers, address }: ClientRequest,
    native: NativeUpgrade,
  ): GatewayError | null {
    if (admitted instanceof GatewayError) return admitted
    const problem = checkHandshake(headers)
    if (problem !== null) return problem
    const { principal } = admitted
    const upgrade = { message: native.message, head: native.head, socket: native.takeSocket() }
    accept(upgrade, (transport) => arrivals.arrive(transport, principal, { address }))
    return null
  }

  return {
    upgrade(door, request, native) {
      const target = parseRequestTarget(request.target)
      if (target.kind === 'bad' || target.path !== '/agent/v1') return false
      const refusal = join(door.admitUpgrade(request), request, native)
      if (refusal === null) return true
      native.refuse(refusal)
      refused(refusal, request.address)
      return true
    },
    openStream(client, { greeting, principal, over }) {
      const transport = sessions.open(client, { greeting, keyId: principal.keyId, headers, over })
      arrivals.arrive(transport, principal, { address: client.request.address })
    },
    receive: (post) => sessions.receive(post),
    endKey: (keyId) => arrivals.endKey(keyId),
  }
}
