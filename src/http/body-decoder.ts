import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue } from '../lib/raw-headers.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import type { Route } from '../proxy/route.ts'
import type { BodyStream } from '../proxy/upstream.ts'

/** The body in plain form, or why it cannot be had. */
export type BodyDecoder = (request: ClientRequest, route: Route) => BodyStream | null | GatewayError

/** `zstd` on `/v1` is decoded at the door, as Ollama does it there; any other coding is refused, as are stacked ones. */
export function createBodyDecoder(decodeZstd: (body: BodyStream) => BodyStream): BodyDecoder {
  return (request, route) => {
    const coding = headerValue(request.headers, 'content-encoding')?.trim().toLowerCase()
    if (coding === undefined || coding === '' || coding === 'identity' || request.body === null) return request.body
    if (coding === 'zstd' && route.pattern.startsWith('/v1/') && route.body === 'json') return decodeZstd(request.body)
    return new GatewayError('unsupported_content_encoding', {
      message: `The content encoding "${coding.slice(0, 40)}" is not supported here`,
    })
  }
}
