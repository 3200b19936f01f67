import type { UpstreamError, UpstreamErrorKind } from '../../proxy/upstream.ts'
import type { ResetCode } from '../wire/codes.ts'
import type { StreamFrame } from '../wire/frame.ts'

const kinds: Readonly<Record<ResetCode, UpstreamErrorKind>> = {
  CANCEL: 'reset',
  REFUSED: 'refused',
  DRAINING: 'refused',
  UPSTREAM_CONNECT: 'unreachable',
  UPSTREAM_RESET: 'reset',
  UPSTREAM_TIMEOUT: 'timed-out',
  UPSTREAM_BAD_RESPONSE: 'bad-response',
  STALLED: 'reset',
  TOO_LARGE: 'bad-response',
  FLOW: 'bad-response',
  PROTOCOL: 'bad-response',
  INTERNAL: 'reset',
  REPLACED: 'reset',
  BODY_FAILED: 'body-failed',
}

/** What a reset by the agent means to the exchange. */
export function errorOfReset(reset: Extract<StreamFrame, { type: 'reset' }>): UpstreamError {
  const { code, retrySafe, reason } = reset
  const cause = new Error(`The agent reset the stream: ${code}${reason === '' ? '' : `, ${reason}`}`)
  return { kind: kinds[code], executed: retrySafe ? 'no' : 'maybe', cause }
}
