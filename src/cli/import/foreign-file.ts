import { parseStringArray, withoutMark } from '../../auth/foreign-keys.ts'
import { isCarriableKey } from '../../auth/key-format.ts'

export type ForeignKind = 'tokens' | 'salted-keys' | 'plain-keys' | 'yaml'

/** A line shorter than this may be any word. */
const MIN_KEY_LENGTH = 16

/** What a file is, by what it holds; its name says nothing. Undefined for an empty one. */
export function kindOf(text: string): ForeignKind | undefined {
  const lines = withoutMark(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0) return undefined
  if (lines.every((line) => /^[0-9a-f]{64}$/i.test(line))) return 'salted-keys'
  if (parseStringArray(withoutMark(text)) !== undefined) return 'tokens'
  return lines.every(isPlainKey) ? 'plain-keys' : 'yaml'
}

function isPlainKey(line: string): boolean {
  return line.length >= MIN_KEY_LENGTH && /^[\w.+/=-]+$/.test(line) && isCarriableKey(line)
}

/** Which entry of an `authTokens.json` the gateway could not take for a key, counted from 1. */
export function wrongToken(text: string): number | undefined {
  const at = (parseStringArray(withoutMark(text)) ?? []).findIndex((token) => !isCarriableKey(token))
  return at === -1 ? undefined : at + 1
}
