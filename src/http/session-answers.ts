import type { ConsoleSessionView, LogIn } from '../admin/console-schemas.ts'
import type { BegunSession, ConsoleLogin } from '../auth/console-login.ts'
import type { ConsoleSessions } from '../auth/console-sessions.ts'
import type { TokenDigester } from '../auth/console-token.ts'
import type { Role } from '../auth/role.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isOfOtherPage } from './csrf-guard.ts'
import type { OwnAnswer, OwnRequest } from './own-answers.ts'
import { clearCookie, sessionToken, setCookie } from './session-cookie.ts'

export interface SessionAnswersDeps {
  readonly login: ConsoleLogin
  readonly sessions: Pick<ConsoleSessions, 'endsAt'>
  readonly digester: Pick<TokenDigester, 'csrf'>
  /** Throws GatewayError. */
  readLogIn(body: Uint8Array): LogIn
  roleOf(userId: string): Promise<Role>
}

const FIELDS = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store']

/** Logging in to the console and out of it, by `METHOD pattern`. */
export function createSessionAnswers(deps: SessionAnswersDeps): ReadonlyMap<string, OwnAnswer> {
  const { login } = deps
  return new Map<string, OwnAnswer>([
    [
      'POST /console/session',
      async (request) => {
        // Or a page of somebody else's could log its visitors in as whom it likes.
        if (isOfOtherPage(request.client.headers)) throw new GatewayError('csrf_denied')
        const begun = await logIn(login, request, deps.readLogIn(await request.body()))
        // The cookie is another from now on, and nobody could end what it stood for.
        const before = sessionToken(request.client.headers)
        if (before !== undefined) await login.end(before)
        return answer(await view(deps, request, begun), setCookie(begun.token))
      },
    ],
    ['GET /console/session', async (request) => answer(await view(deps, request, shown(request)), [])],
    [
      'DELETE /console/session',
      async (request) => {
        await login.end(shown(request).token)
        return answer({ ended: true }, clearCookie())
      },
    ],
  ])
}

function logIn(login: ConsoleLogin, { client }: OwnRequest, { key, link }: LogIn): Promise<BegunSession> {
  return key === undefined ? login.withLink(link ?? '', client.address) : login.withKey(key, client.address)
}

/** The session that the request came with, which was let in for it. */
function shown({ client, principal }: OwnRequest): BegunSession {
  const token = sessionToken(client.headers)
  if (token === undefined || principal === null) throw new GatewayError('no_session')
  return { token, principal }
}

async function view(
  { sessions, digester, roleOf }: SessionAnswersDeps,
  { client }: OwnRequest,
  { token, principal }: BegunSession,
): Promise<ConsoleSessionView> {
  const endsAt = sessions.endsAt(principal.session ?? '')
  if (endsAt === undefined) throw new GatewayError('no_session')
  return {
    user: principal.user,
    role: await roleOf(principal.userId ?? ''),
    scopes: [...principal.scopes],
    key_name: principal.keyName,
    csrf: digester.csrf(token),
    expires_at: new Date(Math.min(endsAt, principal.expiresAt ?? Infinity)).toISOString(),
    secure: client.confidential,
  }
}

function answer(body: ConsoleSessionView | { readonly ended: true }, headers: readonly string[]): RenderedError {
  return { status: 200, headers: [...FIELDS, ...headers], body: JSON.stringify(body) }
}
