import { logInSchema } from '../admin/console-schemas.ts'
import { parseInput } from '../admin/parse-input.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { KeyStore } from '../auth/key-store.ts'
import { allowsScope } from '../auth/policy.ts'
import type { Principal } from '../auth/principal.ts'
import type { Throttle } from '../auth/throttle.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Identify } from '../http/identify.ts'
import type { OwnAnswer } from '../http/own-answers.ts'
import { createSessionAnswers } from '../http/session-answers.ts'
import { createSessionIdentify } from '../http/session-identify.ts'
import type { Route } from '../proxy/route.ts'
import type { ConsoleDoor } from './console-door.ts'

/** What the console's sessions change about who is let in. */
export interface ConsoleEntrance {
  identify(byCredential: Identify): Identify
  isLive(principal: Principal): boolean
  /** By `METHOD pattern`. */
  readonly answers: ReadonlyMap<string, OwnAnswer>
}

export interface ConsoleEntranceDeps {
  readonly authenticator: Authenticator
  readonly throttle: Throttle
  readonly store: Pick<KeyStore, 'listUsers'>
  denied(principal: Principal, route: Route): GatewayError
}

export function createConsoleEntrance(
  { sessions, digester, login }: ConsoleDoor,
  { authenticator, throttle, store, denied }: ConsoleEntranceDeps,
): ConsoleEntrance {
  const question = { method: 'POST', input: logInSchema } as const
  return {
    identify: (byCredential) =>
      createSessionIdentify({ sessions, digester, authenticator, allowsScope, scopeDenied: denied }, byCredential),
    isLive: (principal) =>
      principal.session === undefined ? authenticator.isLive(principal) : sessions.isLive(principal.session),
    answers: createSessionAnswers({
      login: login(throttle),
      sessions,
      digester,
      // The parser gives what the schema makes of the body, and knows its type no more.
      readLogIn: (body) => logInSchema.parse(parseInput(question, { query: '', body })),
      roleOf: async (userId) => (await store.listUsers()).find(({ id }) => id === userId)?.role ?? 'member',
    }),
  }
}
