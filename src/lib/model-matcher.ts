import { globMatcher, hasWildcard } from './glob.ts'
import { parseAnyModelName } from './model-name.ts'

/** Over canonical names: a plain name means that one model in any spelling, one with a wildcard what it looks like. */
export function modelMatcher(pattern: string): (canonical: string) => boolean {
  if (hasWildcard(pattern)) return globMatcher(pattern)
  const name = parseAnyModelName(pattern)
  return globMatcher(name.kind === 'invalid' ? pattern : name.canonical)
}
