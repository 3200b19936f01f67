import type { IncomingMessage } from 'node:http'
import WebSocket from 'ws'
import type { GatewayAddress } from '../agent/gateway-address.ts'
import { DialError } from '../agent/dial-error.ts'
import { codeOf, dialProblem } from '../agent/dial-problem.ts'
import { refusalOf } from '../agent/http-refusal.ts'
import { SUBPROTOCOL } from '../wire/greeting.ts'
import type { Transport } from '../wire/transport.ts'
import { MAX_MESSAGE_BYTES, wsTransport } from './ws-transport.ts'

const HANDSHAKE_MS = 10_000
const MAX_REFUSAL_BYTES = 16 * 1024

/** Rejects with a DialError. */
export function dialWebSocket({ url, key, ca }: GatewayAddress, signal: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/agent/v1`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${key.reveal()}` },
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      followRedirects: false,
      ...(ca === null ? {} : { ca }),
    })
    let answered = false
    const stop = (): void => socket.terminate()
    signal.addEventListener('abort', stop, { once: true })
    socket.once('open', () => {
      signal.removeEventListener('abort', stop)
      resolve(wsTransport(socket))
    })
    socket.once('unexpected-response', (_request, response) => {
      answered = true
      void readText(response).then((body) => {
        const { kind, message } = refusalOf(response.statusCode ?? 0, body)
        reject(new DialError(kind, message))
        socket.terminate()
      })
    })
    socket.on('error', (error) => {
      if (!answered) reject(failure(error, url))
    })
  })
}

/** What comes after a TCP connection stood is something on the way; what comes before, nobody there. */
function failure(error: Error, url: string): DialError {
  const code = codeOf(error)
  const isHandshake = code === '' || code.startsWith('WS_') || code.startsWith('HPE_') || code === 'ECONNRESET'
  return new DialError(isHandshake ? 'unusable' : 'unreachable', dialProblem(error, url))
}

function readText(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (more: string) => {
      if (text.length < MAX_REFUSAL_BYTES) text += more
    })
    response.once('close', () => resolve(text))
  })
}
