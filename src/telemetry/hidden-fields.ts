const HIDDEN = '"[redacted]"'
const CUT = '"[cut off]"'
/** Arguments of a tool are JSON in a text; what stands deeper than this is hidden whole. */
const MAX_DEPTH = 4

/** Names that end so, whoever chose them: `OPENAI_API_KEY`, `dbPassword`. */
const secretName =
  /(?:authorization|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|secret[-_ ]?key|secret|passw(?:or)?d|passphrase|(?:access|refresh|auth|bearer|id|session)[-_ ]?token|credentials?|cookie)$/i

/** Whether the value of a field is nobody's business: by its name, or because the config lists that. */
export function createSecretFields(listed: readonly string[]): (name: string) => boolean {
  const plain = new Set(listed.map(plainName))
  return (name) => secretName.test(name) || (plain.size > 0 && plain.has(plainName(name)))
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '')
}

/**
 * Takes the values of these fields out of a text with JSON in it: one value, lines of them, events, or the beginning
 * of any. All else stays as it is, byte for byte. Linear in the length of the text.
 */
export function hideFields(text: string, isSecret: (name: string) => boolean, depth = 0): string {
  let result = ''
  let done = 0
  for (let quote = text.indexOf('"'); quote >= 0; ) {
    const end = endOfText(text, quote)
    const value = end.isWhole ? valueBehind(text, end.at) : -1
    let replaced: string | undefined
    let next = end.at
    if (value >= 0 && isSecret(decoded(text.slice(quote, end.at)))) {
      ;[replaced, next] = [HIDDEN, endOfValue(text, value)]
    } else if (value >= 0 && text[value] === '"') {
      const inner = endOfText(text, value)
      ;[replaced, next] = [
        hideInside(text.slice(value, inner.at), { isWhole: inner.isWhole, isSecret, depth }),
        inner.at,
      ]
    }
    if (replaced !== undefined) {
      result += text.slice(done, value) + replaced
      done = next
    }
    quote = text.indexOf('"', next)
  }
  return done === 0 ? text : result + text.slice(done)
}

interface Inside {
  readonly isWhole: boolean
  readonly isSecret: (name: string) => boolean
  readonly depth: number
}

/** A text that is JSON itself; undefined: it stays as it is. */
function hideInside(quoted: string, { isWhole, isSecret, depth }: Inside): string | undefined {
  if (!/^"(?:\s|\\[nrt])*[[{]/.test(quoted)) return undefined
  if (!isWhole) return CUT
  if (depth >= MAX_DEPTH) return HIDDEN
  const inner = decoded(quoted)
  const hidden = hideFields(inner, isSecret, depth + 1)
  return hidden === inner ? undefined : JSON.stringify(hidden)
}

/** Behind its closing quote. A text of JSON has no line end in it: what has was none, or was cut. */
function endOfText(text: string, quote: number): { readonly at: number; readonly isWhole: boolean } {
  const ends = /["\n]/g
  ends.lastIndex = quote + 1
  for (let found = ends.exec(text); found !== null; found = ends.exec(text)) {
    if (found[0] === '\n') return { at: found.index, isWhole: false }
    let slashes = found.index
    while (text[slashes - 1] === '\\') slashes--
    if ((found.index - slashes) % 2 === 0) return { at: found.index + 1, isWhole: true }
  }
  return { at: text.length, isWhole: false }
}

/** Where the value of the name that ends here begins; -1: it is no name. */
function valueBehind(text: string, end: number): number {
  const colon = skipBlanks(text, end)
  return text[colon] === ':' ? skipBlanks(text, colon + 1) : -1
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++
  return at
}

/** Behind a text, a list or an object with all that is in it, or whatever stands up to the next comma. */
function endOfValue(text: string, from: number): number {
  let depth = 0
  const marks = /["[\]{},\n]/g
  marks.lastIndex = from
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    const [mark] = found
    if (mark === '"') {
      marks.lastIndex = endOfText(text, found.index).at
      if (depth === 0) return marks.lastIndex
    } else if (mark === '[' || mark === '{') depth++
    else if (mark === ']' || mark === '}') {
      if (depth === 0) return found.index
      depth--
      if (depth === 0) return found.index + 1
    } else if (depth === 0) return found.index
  }
  return text.length
}

/** A name or text without its quotes and escapes; one that is broken as it stands. */
function decoded(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted.slice(1, -1)
  }
}
