import { GatewayError } from '../errors/gateway-error.ts'
import { createHostGuard } from '../http/host-guard.ts'
import { createListener, type Listener } from '../http/listener.ts'
import { metricsAnswer } from '../http/metrics-answer.ts'
import { createRespond } from '../http/respond.ts'
import { securityHeaders } from '../http/security-headers.ts'
import type { HttpSettings } from '../http/settings.ts'
import { renderError } from '../dialects/error-body.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import type { Log } from '../lib/log.ts'
import { headerValue } from '../lib/raw-headers.ts'
import { createRequestIds } from '../lib/request-id.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'

interface MetricsListenerDeps {
  scrape(): string
  readonly log: Log
}

type MetricsListenSettings = NonNullable<HttpSettings['metrics']>

/** A listener of its own that has the metrics and nothing else, and asks for no key. */
export function createMetricsListener(
  { address, isPublic }: MetricsListenSettings,
  { scrape, log }: MetricsListenerDeps,
): Listener {
  const respond = createRespond(securityHeaders(false))
  const createRequestId = createRequestIds()
  // A web page shall not read it by way of its visitor's browser.
  const servesHost = createHostGuard({
    auth: { mode: 'none', nonePublic: isPublic },
    http: { listen: [address], corsOrigins: [] },
  })

  function answer({ method, target, headers }: ClientRequest): RenderedError {
    if (!servesHost(headerValue(headers, 'host'))) return renderError(new GatewayError('host_denied'), 'ollama')
    const [path] = target.split('?', 1)
    if (path !== '/metrics') return renderError(new GatewayError('route_not_found'), 'ollama')
    if (method === 'GET' || method === 'HEAD') return metricsAnswer(scrape())
    const refusal = renderError(new GatewayError('method_not_allowed'), 'ollama')
    return { ...refusal, headers: [...refusal.headers, 'allow', 'HEAD, GET'] }
  }

  return createListener(
    { tls: null, trustedProxies: [] },
    {
      request(client) {
        const { request } = client
        respond(client, answer(request), new ExchangeTrace(createRequestId(Date.now()), request.method))
      },
      native(_request, upgrade) {
        upgrade.refuse(new GatewayError('upgrade_refused'))
        return true
      },
      upgrade: () => {},
      failed: (error) => log.error({ err: error }, 'The metrics could not be told'),
    },
  )
}
