import { globCovers, globMatcher, hasWildcard } from '../lib/glob.ts'
import { parseAnyModelName } from '../lib/model-name.ts'

/** The allow-list of a key, ready to be asked. */
export interface ModelPatterns {
  allowsLocal(canonical: string): boolean
  /** Only by a pattern that names cloud: `*` alone does not spend the server's account. */
  allowsCloud(canonical: string): boolean
  readonly namesCloud: boolean
}

/** Every local model, nothing in the cloud. */
const everyLocal: ModelPatterns = { allowsLocal: () => true, allowsCloud: () => false, namesCloud: false }

/** A memo of pure results; the arrays are frozen parts of principals and go away with them. */
const known = new WeakMap<readonly string[], ModelPatterns>()

export function modelPatterns(models: readonly string[] | null): ModelPatterns {
  if (models === null) return everyLocal
  const memo = known.get(models)
  if (memo !== undefined) return memo
  const patterns = compile(models)
  known.set(models, patterns)
  return patterns
}

/** Whether a pattern can match any name at all, for whoever types one. */
export function isModelPattern(pattern: string): boolean {
  if (pattern.length > 512) return false
  return hasWildcard(pattern) ? /^[\w.:/*?@+-]+$/.test(pattern) : parseAnyModelName(pattern).kind !== 'invalid'
}

/** Whether whoever holds `granted` may pass on `wanted`. */
export function patternsCover(granted: readonly string[] | null, wanted: readonly string[] | null): boolean {
  if (granted === null) return wanted === null || !wanted.some(namesCloud)
  if (wanted === null) return granted.some((pattern) => /^\*+$/.test(pattern))
  return wanted.every((pattern) => granted.some((general) => covers(general, pattern)))
}

function compile(models: readonly string[]): ModelPatterns {
  const all = models.map(canonicalPattern)
  const local = all.map(globMatcher)
  const cloud = all.filter((_, index) => namesCloud(models[index] ?? '')).map(globMatcher)
  return {
    allowsLocal: (canonical) => local.some((matches) => matches(canonical)),
    allowsCloud: (canonical) => cloud.some((matches) => matches(canonical)),
    namesCloud: cloud.length > 0,
  }
}

function covers(general: string, specific: string): boolean {
  if (namesCloud(specific) && !namesCloud(general)) return false
  return globCovers(canonicalPattern(general), canonicalPattern(specific))
}

/** A plain name means that one model in any spelling; with a wildcard the text is matched as it stands. */
function canonicalPattern(pattern: string): string {
  if (hasWildcard(pattern)) return pattern
  const name = parseAnyModelName(pattern)
  return name.kind === 'invalid' ? pattern : name.canonical
}

function namesCloud(pattern: string): boolean {
  return hasWildcard(pattern) ? /cloud$/i.test(pattern) : parseAnyModelName(pattern).kind === 'cloud'
}
