import { checkName, invalid, settleTerms, type IssueDeps, type KeyTerms } from './issue-key.ts'
import { createKeyId } from './key-format.ts'
import type { KeyRecord } from './key-store.ts'
import type { Scope } from './scope.ts'
import { parseSshPublicKey } from './ssh-key.ts'

export interface SshKeyRequest extends KeyTerms {
  readonly name: string
  /** The line of `~/.ollama/id_ed25519.pub`. */
  readonly publicKey: string
}

const signable: readonly Scope[] = ['chat', 'embed', 'models:read', 'models:write']

/** Lets the Ollama CLI in by its own signature (`OLLAMA_AUTH=1`). Throws as `issueKey` does. */
export async function enrolSshKey(
  deps: Pick<IssueDeps, 'store' | 'clock'>,
  request: SshKeyRequest,
): Promise<KeyRecord> {
  const publicKey = parseSshPublicKey(request.publicKey)
  if (publicKey === undefined) throw invalid('This is not an ssh-ed25519 public key: give the line of id_ed25519.pub')
  const beyond = request.scopes.find((scope) => !signable.includes(scope))
  if (beyond !== undefined) throw invalid(`A signature can be replayed for a minute and cannot carry "${beyond}"`)
  const terms = await settleTerms(deps, request)
  return deps.store.createKey({
    ...terms,
    id: createKeyId(),
    name: checkName(request.name),
    kind: 'ssh',
    digest: publicKey,
    hint: publicKey.slice(-4),
  })
}
