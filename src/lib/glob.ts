/**
 * `*` is any run of characters, `?` is one, everything else is itself in either case (ASCII). No regular expression
 * is built, so no pattern can be made to take exponential time.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const wanted = lowerAscii(pattern)
  if (!hasWildcard(wanted)) return (text) => lowerAscii(text) === wanted
  return (text) => matches(wanted, lowerAscii(text), fitsCharacter)
}

export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?')
}

/** Whether all that `specific` matches is certainly matched by `general` too. Errs towards no. */
export function globCovers(general: string, specific: string): boolean {
  return matches(lowerAscii(general), lowerAscii(specific), fitsWildcard)
}

type Fits = (wanted: string | undefined, given: string | undefined) => boolean

const fitsCharacter: Fits = (wanted, given) => wanted === '?' || wanted === given

/** A `*` of the specific pattern may stand for no character or for many: only a `*` takes it. */
const fitsWildcard: Fits = (wanted, given) => given !== '*' && (wanted === '?' || wanted === given)

/** On a mismatch only the last `*` grows: at most (pattern x text) steps. */
function matches(pattern: string, text: string, fits: Fits): boolean {
  let at = 0
  let star = -1
  let resumeAt = 0
  let p = 0
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p++
      resumeAt = at
    } else if (p < pattern.length && fits(pattern[p], text[at])) {
      p++
      at++
    } else if (star >= 0) {
      p = star + 1
      at = ++resumeAt
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** ASCII only: U+212A must not become `k`. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
