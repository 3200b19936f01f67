import type { RunningGateway } from './start-gateway.ts'

export interface KeyTerms {
  readonly name?: string
  readonly user?: string
  readonly scopes?: readonly string[]
  readonly models?: readonly string[]
  readonly upstreams?: readonly string[]
  readonly limits?: Readonly<Record<string, number>>
}

let made = 0

/** A key through the management API, which holds as soon as it is answered. */
export async function makeKey(gateway: RunningGateway, terms: KeyTerms = {}): Promise<string> {
  const response = await fetch(`${gateway.url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: JSON.stringify({ name: `made-${(made += 1)}`, ...terms }),
  })
  const { secret } = (await response.json()) as { secret?: string }
  if (secret === undefined) throw new Error(`no key was made: ${response.status}`)
  return secret
}
