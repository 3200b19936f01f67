import { renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { rawAnswer } from '../http/raw-answer.ts'
import { securityHeaders } from '../http/security-headers.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { toUpstreamHeaders } from '../proxy/end-to-end-headers.ts'
import { NO_PROMPT } from '../proxy/prompt.ts'
import type { DuplexPort } from '../proxy/upstream.ts'
import type { Generation } from './generation.ts'

/** A websocket on a listed route goes to an upstream as nginx would send it; the refusal is the upstream's own. */
export function joinUpgrade(generation: Generation, request: ClientRequest, socket: DuplexPort): void {
  const refuse = (error: GatewayError): void => {
    socket.write(rawAnswer(renderError(error, 'ollama'), securityHeaders(generation.settings.http.tls !== null)))
    socket.end()
  }
  const admitted = generation.door.admitUpgrade(request)
  if (admitted instanceof GatewayError) return refuse(admitted)
  const { route, principal, target } = admitted
  // Which models the key may use is judged on the way of a plain request only.
  if (route.kind !== 'relay') return refuse(new GatewayError('upgrade_refused'))
  const wanted = {
    model: null,
    route,
    principal,
    tried: new Set<string>(),
    prompt: NO_PROMPT,
    named: null,
    arrivedAt: Date.now(),
  }
  const headers = [...toUpstreamHeaders(request.headers), ...handshakeHeaders(request)]
  const ticket = generation.routing.router.request(wanted, {
    refused: refuse,
    granted(claim) {
      const { running } = generation.proxy
      const relayed = { keyId: principal.keyId, stop: () => socket.destroy(), checkDeadline: () => {} }
      running.add(relayed)
      socket.onClose(() => {
        running.remove(relayed)
        claim.report('answered')
        claim.release()
      })
      const { upstream } = claim
      if (upstream.upgrade === undefined) refuse(new GatewayError('upgrade_refused'))
      else upstream.upgrade({ method: request.method, target, headers, body: null }, socket)
    },
  })
  socket.onClose(() => ticket.cancel())
}

/** RFC 6455 section 4.1: what both ends agree by; everything else hop-by-hop stays here. */
function handshakeHeaders({ headers }: ClientRequest): string[] {
  const kept = ['Connection', 'Upgrade', 'Upgrade', 'websocket']
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.toLowerCase().startsWith('sec-websocket-')) kept.push(name, headers[i + 1] ?? '')
  }
  return kept
}
