import { logInSchema } from '../admin/console-schemas.ts'
import { parseInput } from '../admin/parse-input.ts'
import { type AuthenticatorOptions, createAuthenticator } from '../auth/authenticator.ts'
import type { KeyDirectory } from '../auth/key-directory.ts'
import type { KeyStore } from '../auth/key-store.ts'
import { allowsScope } from '../auth/policy.ts'
import type { Principal } from '../auth/principal.ts'
import { createThrottle } from '../auth/throttle.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { createIdentify, type Identify } from '../http/identify.ts'
import type { OwnAnswer } from '../http/own-answers.ts'
import { createSessionAnswers } from '../http/session-answers.ts'
import { createSessionIdentify } from '../http/session-identify.ts'
import type { Clock } from '../lib/clock.ts'
import type { Route } from '../proxy/route.ts'
import type { ConsoleDoor } from './console-door.ts'

/** Who is let in: by key, or by a session of the console. */
export interface Entrance {
  readonly identify: Identify
  isLive(principal: Principal): boolean
  /** Logging in and out, by `METHOD pattern`. */
  readonly answers: ReadonlyMap<string, OwnAnswer>
}

export interface EntranceDeps {
  readonly directory: KeyDirectory
  readonly consoleDoor: ConsoleDoor
  readonly store: Pick<KeyStore, 'listUsers'>
  readonly clock: Clock
  denied(principal: Principal, route: Route): GatewayError
}

export function createEntrance(
  auth: AuthenticatorOptions,
  { directory, consoleDoor, store, clock, denied: scopeDenied }: EntranceDeps,
): Entrance {
  const { sessions, digester, login } = consoleDoor
  // What is guessed counts wherever it is tried.
  const throttle = createThrottle({ clock })
  const authenticator = createAuthenticator({ directory, clock, throttle }, auth)
  const byKey = createIdentify({ authenticator, allowsScope, scopeDenied })
  const question = { method: 'POST', input: logInSchema } as const
  return {
    identify: createSessionIdentify({ sessions, digester, authenticator, allowsScope, scopeDenied }, byKey),
    isLive: (principal) =>
      principal.session === undefined ? authenticator.isLive(principal) : sessions.isLive(principal.session),
    answers: createSessionAnswers({
      login: login(throttle),
      sessions,
      digester,
      // Parsed twice, because the first time says in words what is wrong and the second time what it is.
      readLogIn: (body) => logInSchema.parse(parseInput(question, { query: '', body })),
      roleOf: async (userId) => (await store.listUsers()).find(({ id }) => id === userId)?.role ?? 'member',
    }),
  }
}
