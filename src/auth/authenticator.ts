import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import { defaultPool } from '../lib/default-pool.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { isSignatureTimely, isSignatureValid, parseSignatureTime } from './cli-signature.ts'
import { parseCredential, type Credential } from './credential.ts'
import type { KeyDirectory } from './key-directory.ts'
import { PLAIN_SHARE, type Principal } from './principal.ts'
import { createFindKey } from './proven-keys.ts'
import { createThrottle, type Throttle } from './throttle.ts'

export interface CredentialRequest {
  readonly method: string
  /** The bare route: a `/k/KEY` in front is cut off. */
  readonly path: string
  /** Without its question mark; empty where there is none. */
  readonly query: string
  readonly headers: RawHeaders
  readonly pathKey: string | null
  readonly address: string
  /** Whether the bytes came encrypted or over loopback. */
  readonly confidential: boolean
  /** One object for all requests of a connection. */
  readonly connection: object
}

export type AuthResult =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly error: GatewayError }

export interface Authenticator {
  authenticate(request: CredentialRequest): AuthResult
  /** Whether what was authenticated before still holds: asked when an exchange begins to count as the key's. */
  isLive(principal: Principal): boolean
}

export interface AuthenticatorDeps {
  readonly directory: Pick<KeyDirectory, 'findBySecret' | 'findBySshKey' | 'isLive' | 'edition'>
  readonly clock: Clock
  /** Absent: one of its own. */
  readonly throttle?: Throttle
}

export interface AuthenticatorOptions {
  readonly mode: 'keys' | 'none'
  readonly pathKeys: boolean
}

/** Who everybody is with `auth.mode: none`. */
export const openPrincipal: Principal = Object.freeze<Principal>({
  user: 'anyone',
  keyId: 'open',
  keyName: 'open',
  scopes: new Set(['chat', 'embed', 'models:read', 'models:write', 'agent'] as const),
  models: null,
  upstreams: null,
  pools: Object.freeze([defaultPool]),
  queue: PLAIN_SHARE,
})

export function createAuthenticator(
  { directory, clock, throttle = createThrottle({ clock }) }: AuthenticatorDeps,
  options: AuthenticatorOptions,
): Authenticator {
  if (options.mode === 'none') {
    const open: AuthResult = { kind: 'principal', principal: openPrincipal }
    return { authenticate: () => open, isLive: () => true }
  }
  const findKey = createFindKey(directory)

  function identify(request: CredentialRequest, credential: Credential): Principal | GatewayError {
    switch (credential.kind) {
      case 'key':
        return findKey(credential, request.connection) ?? wrong(request)
      case 'signature':
        return checkSignature(request, credential)
      case 'none':
        return new GatewayError('no_credential', askStatus(request))
      case 'malformed':
        return new GatewayError('malformed_credential', askStatus(request))
      case 'conflicting':
        return new GatewayError('conflicting_credentials')
      case 'repeated':
        return new GatewayError('bad_header', { message: 'The Authorization header is there more than once' })
    }
  }

  function checkSignature(
    request: CredentialRequest,
    signed: Extract<Credential, { kind: 'signature' }>,
  ): Principal | GatewayError {
    if (!request.confidential) return unusable(request, 'A signature is taken only over TLS or loopback')
    const timeSeconds = parseSignatureTime(request.query)
    if (timeSeconds === undefined) return unusable(request, 'A signature needs "?ts=SECONDS" as the whole query')
    if (!isSignatureTimely(timeSeconds, clock.now())) {
      return unusable(request, 'The time of the signature is more than a minute off: check the clocks of both machines')
    }
    const enrolled = directory.findBySshKey(signed.publicKey)
    if (enrolled === undefined) return wrong(request)
    const valid = isSignatureValid(request, { publicKey: enrolled.publicKey, signature: signed.signature })
    return valid ? enrolled.principal : wrong(request)
  }

  function wrong(request: CredentialRequest): GatewayError {
    const retryAfterSeconds = throttle.note(request.address)
    if (retryAfterSeconds !== null) return new GatewayError('throttled', { retryAfterSeconds })
    return new GatewayError('wrong_credential', askStatus(request))
  }

  return {
    authenticate(request) {
      const credential = parseCredential(request.headers, options.pathKeys ? request.pathKey : null)
      const who = identify(request, credential)
      if (who instanceof GatewayError) return { kind: 'refused', error: who }
      if (who.use !== undefined) who.use.noted = true
      return { kind: 'principal', principal: who }
    },
    isLive: (principal) => directory.isLive(principal),
  }
}

/** Nothing was guessed, so nothing is counted; the sentence depends on the request alone, never on the key. */
function unusable(request: CredentialRequest, message: string): GatewayError {
  return new GatewayError('wrong_credential', { ...askStatus(request), message })
}

/** The Ollama CLI shows the text of a 403; of a 401 it makes a sign-in for cloud models. */
function askStatus(request: CredentialRequest): { status?: number } {
  return headerValue(request.headers, 'user-agent')?.startsWith('ollama/') === true ? { status: 403 } : {}
}
