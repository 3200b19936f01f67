import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { SessionRecord } from './console-session.ts'
import type { ConsoleSessions } from './console-sessions.ts'
import { createConsoleToken, type TokenDigester } from './console-token.ts'
import type { KeyDirectory } from './key-directory.ts'
import type { KeyStore } from './key-store.ts'
import type { Principal } from './principal.ts'
import type { Throttle } from './throttle.ts'

/** The ways into a session of the console, and out of it. Throws GatewayError. */
export interface ConsoleLogin {
  withKey(secret: string, address: string): Promise<BegunSession>
  withLink(link: string, address: string): Promise<BegunSession>
  /** Does nothing where there is no such session. */
  end(token: string): Promise<void>
}

export interface BegunSession {
  /** For the cookie; kept nowhere. */
  readonly token: string
  readonly principal: Principal
}

export interface ConsoleLoginDeps {
  readonly store: Pick<KeyStore, 'change'>
  readonly directory: Pick<KeyDirectory, 'findBySecret' | 'current'>
  readonly sessions: Pick<ConsoleSessions, 'add' | 'find' | 'end'>
  readonly digester: TokenDigester
  readonly throttle: Throttle
  readonly clock: Clock
}

type CurrentKey = NonNullable<ReturnType<KeyDirectory['current']>>

export function createConsoleLogin(deps: ConsoleLoginDeps): ConsoleLogin {
  const { store, directory, sessions, digester, throttle, clock } = deps

  function wrong(address: string, code: 'wrong_credential' | 'bad_link'): GatewayError {
    const retryAfterSeconds = throttle.note(address)
    return retryAfterSeconds === null ? new GatewayError(code) : new GatewayError('throttled', { retryAfterSeconds })
  }

  /** It holds when this resolves, and after a `kill -9`. */
  async function begin(key: CurrentKey, by: 'key' | 'link'): Promise<BegunSession> {
    const { principal, digest } = key
    const token = createConsoleToken()
    const now = clock.now()
    const record: SessionRecord = {
      digest: digester.session(token),
      keyId: principal.keyId,
      keyDigest: digest,
      scopes: [...principal.scopes],
      madeAt: now,
      seenAt: now,
    }
    await store.change(async (tables) => {
      await tables.createSession(record)
      await tables.writeAudit(entryOf(principal, 'console.login', { by }))
    })
    sessions.add(record)
    const own = sessions.find(token)
    // Revoked while it was being written.
    if (own === undefined) throw new GatewayError('wrong_credential')
    return { token, principal: own }
  }

  return {
    async withKey(secret, address) {
      const found = directory.findBySecret(asOnTheWire(secret), 'full')
      if (found === undefined) throw wrong(address, 'wrong_credential')
      checkUse(found)
      const key = directory.current(found.keyId)
      if (key?.principal !== found) throw rotated(found)
      return begin(key, 'key')
    },
    async withLink(link, address) {
      const taken = await store.change((tables) => tables.takeLink(digester.link(link)))
      const key = taken && taken.expiresAt > clock.now() ? directory.current(taken.keyId) : undefined
      if (key === undefined || key.digest !== taken?.keyDigest) throw wrong(address, 'bad_link')
      checkUse(key.principal)
      return begin(key, 'link')
    },
    async end(token) {
      const principal = sessions.find(token)
      const session = principal?.session
      if (principal === undefined || session === undefined || !sessions.end(session)) return
      await store.change(async (tables) => {
        await tables.removeSessions([session])
        await tables.writeAudit(entryOf(principal, 'console.logout', {}))
      })
    },
  }
}

/** Keys are looked for as headers bring them, one character for each byte. What is pasted often has a blank at its end. */
function asOnTheWire(secret: string): string {
  return Buffer.from(secret.trim(), 'utf8').toString('latin1')
}

function checkUse({ userId, scopes }: Principal): void {
  if (userId === undefined)
    throw new GatewayError('missing_scope', { message: 'Only the key of a user in the store opens the console' })
  if ([...scopes].every((scope) => scope === 'agent' || scope === 'metrics'))
    throw new GatewayError('missing_scope', { message: 'A key for agents or for metrics opens no console' })
}

function rotated({ keyName }: Principal): GatewayError {
  return new GatewayError('wrong_credential', { message: `The key "${keyName}" was rotated: use its new secret` })
}

function entryOf(principal: Principal, action: string, detail: Readonly<Record<string, unknown>>) {
  const { user, keyId, keyName } = principal
  return { actor: { user, keyId, keyName }, action, subject: keyName, detail }
}
