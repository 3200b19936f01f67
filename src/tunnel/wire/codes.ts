/** Why a stream ended early. The numbers are on the wire. */
export const resetCodes = {
  /** Nobody wants the answer any more. */
  CANCEL: 1,
  /** Not begun, and will not be. */
  REFUSED: 2,
  UPSTREAM_CONNECT: 3,
  UPSTREAM_RESET: 4,
  UPSTREAM_TIMEOUT: 5,
  /** Data waited a minute for credit. */
  STALLED: 6,
  TOO_LARGE: 7,
  /** More data than there was credit for. */
  FLOW: 8,
  PROTOCOL: 9,
  INTERNAL: 10,
  /** Takes no new work. */
  DRAINING: 11,
  /** The session was taken over by a newer one. */
  REPLACED: 12,
  /** The request's own body broke off. */
  BODY_FAILED: 13,
  /** The upstream's answer was no HTTP that anybody could pass on. */
  UPSTREAM_BAD_RESPONSE: 14,
} as const

export type ResetCode = keyof typeof resetCodes

/** Why a link was closed: WebSocket close codes, carried by the SSE transport as text. */
export const closeCodes = {
  NORMAL: 1000,
  RESTART: 1012,
  TRY_LATER: 1013,
  PROTOCOL: 4400,
  AUTH: 4401,
  SCOPE: 4403,
  /** Silent for too long. */
  TIMEOUT: 4408,
  VERSION: 4406,
  /** Another process connected under the same id. */
  REPLACED: 4409,
  SLOW_DOWN: 4429,
} as const

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]
