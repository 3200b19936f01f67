import { invalid, type IssueDeps, type IssuedKey } from './issue-key.ts'
import { createKeyDigester } from './key-digest.ts'
import { createSecret, keyHint } from './key-format.ts'
import type { KeyRecord } from './key-store.ts'

/** A new secret for the same key. The old one opens it for another `overlapMs`; one that is older still ends now. */
export async function rotateKey(
  { store, pepper, clock }: IssueDeps,
  record: KeyRecord,
  overlapMs: number,
): Promise<IssuedKey> {
  const now = clock.now()
  if (record.kind === 'ssh') throw invalid('A key that signs has no secret here: enrol another with "key add-ssh"')
  if (record.revokedAt !== null) throw invalid(`The key "${record.name}" is revoked: make another one`)
  if (record.expiresAt !== null && record.expiresAt <= now)
    throw invalid(`The key "${record.name}" has expired: make another one`)
  const secret = createSecret('corral')
  const changed = await store.changeKey(record.id, {
    digest: createKeyDigester(pepper).store(secret),
    hint: keyHint(secret),
    previous: overlapMs > 0 ? { digest: record.digest, until: now + overlapMs } : null,
  })
  return { record: changed, secret }
}
