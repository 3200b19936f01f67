import { nextTurn } from '../lib/next-turn.ts'
import { parseStringArray, withoutMark } from './foreign-keys.ts'
import { invalid, settleTerms, type IssueDeps, type KeyTerms } from './issue-key.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyId, isCarriableKey, isOllamaUuidKey, keyHint } from './key-format.ts'
import type { KeyRecord } from './key-store.ts'

export interface ImportRequest extends KeyTerms {
  /** `authTokens.json`, or one OLLAMA-UUID key per line. */
  readonly text: string
}

export interface ImportedKeys {
  readonly imported: readonly KeyRecord[]
  /** How many were in the store already. */
  readonly known: number
}

/** Requests go on meanwhile. */
const KEYS_PER_TURN = 20

/**
 * Takes keys over from elsewhere; their holders notice nothing. The whole file is checked before the first key is
 * written, and running it again after an interruption adds what is missing.
 */
export async function importKeys({ store, pepper, clock }: IssueDeps, request: ImportRequest): Promise<ImportedKeys> {
  const secrets = [...new Set(parseSecrets(withoutMark(request.text)))]
  const terms = await settleTerms({ store, clock }, request)
  const digester = createKeyDigester(pepper)
  const active = (await store.listKeys()).filter((key) => key.revokedAt === null)
  const digests = new Set(active.map((key) => key.digest))
  const names = new Set(active.map((key) => key.name))
  const nextName = createNames(names)
  const imported: KeyRecord[] = []
  for (const [index, secret] of secrets.entries()) {
    if (index % KEYS_PER_TURN === 0) await nextTurn()
    const digest = digester.store(secret)
    if (digests.has(digest)) continue
    const name = nextName()
    imported.push(
      await store.createKey({ ...terms, id: createKeyId(), name, kind: 'key', digest, hint: keyHint(secret) }),
    )
  }
  return { imported, known: secrets.length - imported.length }
}

function parseSecrets(text: string): string[] {
  return text.trimStart().startsWith('[') ? parseTokens(text) : parseLines(text)
}

function parseTokens(text: string): string[] {
  const tokens = parseStringArray(text)
  if (tokens === undefined) throw invalid('The file is not a JSON array of strings')
  const bad = tokens.findIndex((token) => !isCarriableKey(token))
  if (bad >= 0) throw invalid(`Entry ${bad + 1} of the file is not a key: it is empty, too long or holds white space`)
  return tokens
}

function parseLines(text: string): string[] {
  const secrets: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (!isOllamaUuidKey(line)) throw invalid(`Line ${index + 1} of the file is not an OLLAMA-UUID key`)
    secrets.push(line)
  }
  return secrets
}

/** The next one that is free, each time. */
function createNames(taken: ReadonlySet<string>): () => string {
  let number = 0
  return () => {
    do number++
    while (taken.has(`imported-${number}`))
    return `imported-${number}`
  }
}
