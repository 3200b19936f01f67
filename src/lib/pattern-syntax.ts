/** A regular expression, taken apart. Characters are lower case, and so must be what they are compared with. */
export type PatternNode =
  | { readonly kind: 'character'; has(character: string): boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number }

/** `problem` goes on after the name of what holds the pattern. */
export type ParsedPattern =
  | { readonly kind: 'pattern'; readonly root: PatternNode }
  | { readonly kind: 'malformed'; readonly problem: string }

const MAX_LENGTH = 512
const MAX_COUNT = 1000

type CharacterTest = (character: string) => boolean

const isDigit: CharacterTest = (character) => /[0-9]/.test(character)
const isWord: CharacterTest = (character) => /[a-z0-9_]/.test(character)
const isSpace: CharacterTest = (character) => /\s/.test(character)

const classes: Readonly<Record<string, CharacterTest>> = {
  d: isDigit,
  D: (character) => !isDigit(character),
  w: isWord,
  W: (character) => !isWord(character),
  s: isSpace,
  S: (character) => !isSpace(character),
}

const EMPTY: PatternNode = { kind: 'sequence', parts: [] }

/** What regular expressions have in common everywhere, without what would need going back: `(?=`, `\1`. */
export function parsePattern(text: string): ParsedPattern {
  if (text === '') return { kind: 'malformed', problem: 'is empty' }
  if (text.length > MAX_LENGTH) return { kind: 'malformed', problem: `is longer than ${MAX_LENGTH} characters` }
  const reader = new PatternReader(text)
  const root = reader.readChoice()
  if (!reader.isAtEnd) reader.fail('has a ) that closes nothing')
  return reader.problem === null ? { kind: 'pattern', root } : { kind: 'malformed', problem: reader.problem }
}

/** The first problem ends the reading: everything after it would be guessed. */
class PatternReader {
  readonly #text: string
  #at = 0
  problem: string | null = null

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  fail(problem: string): PatternNode {
    this.problem ??= problem
    this.#at = this.#text.length
    return EMPTY
  }

  readChoice(): PatternNode {
    const parts = [this.#readSequence()]
    while (this.#take('|')) parts.push(this.#readSequence())
    return { kind: 'choice', parts }
  }

  #readSequence(): PatternNode {
    const parts: PatternNode[] = []
    while (!this.isAtEnd && !/[|)]/.test(this.#next)) parts.push(this.#readRepeat())
    return { kind: 'sequence', parts }
  }

  #readRepeat(): PatternNode {
    const part = this.#readItem()
    const count = this.#readCount()
    if (count === undefined) return part
    if (part.kind === 'start' || part.kind === 'end') return this.fail('repeats ^ or $, which stand for no character')
    // Lazy or not is the same to whoever asks only whether it fits.
    this.#take('?')
    if (this.#readCount() !== undefined) return this.fail('repeats a repetition: put the first into ( )')
    if (count.min > count.max) return this.fail('has a { } whose first number is the larger one')
    if (Math.max(count.min, count.max === Infinity ? 0 : count.max) > MAX_COUNT)
      return this.fail(`repeats something more than ${MAX_COUNT} times`)
    return { kind: 'repeat', part, ...count }
  }

  #readCount(): { readonly min: number; readonly max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const braces = /^\{(\d{1,6})(,?)(\d{0,6})\}/.exec(this.#text.slice(this.#at, this.#at + 16))
    if (braces === null) return undefined
    const [whole, min = '', comma, max = ''] = braces
    if (comma === '' && max !== '') return undefined
    this.#at += whole.length
    if (comma === '') return { min: Number(min), max: Number(min) }
    return { min: Number(min), max: max === '' ? Infinity : Number(max) }
  }

  #readItem(): PatternNode {
    const character = this.#shift()
    if (character === '(') return this.#readGroup()
    if (character === '[') return this.#readSet()
    if (character === '.') return { kind: 'character', has: () => true }
    if (character === '^') return { kind: 'start' }
    if (character === '$') return { kind: 'end' }
    if (character === '\\') return this.#toNode(this.#readEscape())
    if (/[*+?]/.test(character)) return this.fail(`has a ${character} with nothing before it to repeat`)
    if (/[{}]/.test(character)) return this.fail(`has a ${character} that belongs to no count such as {2,3}`)
    return this.#toNode(isCharacter(character))
  }

  #readGroup(): PatternNode {
    if (this.#take('?') && !this.#take(':')) {
      const which = /^<[=!]|^./.exec(this.#text.slice(this.#at))?.[0] ?? ''
      return this.fail(`holds (?${which}, which is not known here`)
    }
    const inner = this.readChoice()
    return this.#take(')') ? inner : this.fail('has a ( that is not closed')
  }

  #readSet(): PatternNode {
    const isInverse = this.#take('^')
    const tests: CharacterTest[] = []
    while (!this.isAtEnd && this.#next !== ']') tests.push(this.#readRange())
    if (!this.#take(']')) return this.fail('has a [ that is not closed')
    if (tests.length === 0) return this.fail('has a [ ] with nothing in it')
    return { kind: 'character', has: (character) => tests.some((test) => test(character)) !== isInverse }
  }

  #readRange(): CharacterTest {
    const first = this.#shift()
    if (first === '\\') return this.#readEscape() ?? isCharacter('')
    if (this.#next !== '-' || this.#text[this.#at + 1] === ']') return isCharacter(first)
    this.#shift()
    const last = this.#shift()
    if (last === '' || last === '\\' || first > last) this.fail('has a range in [ ] that leads nowhere')
    return (character) => isBetween(character, first, last) || isBetween(character.toUpperCase(), first, last)
  }

  /** What stands after a backslash. */
  #readEscape(): CharacterTest | undefined {
    const character = this.#shift()
    const known = Object.hasOwn(classes, character) ? classes[character] : undefined
    if (known !== undefined) return known
    if (/^[^a-z0-9\s]$/i.test(character)) return isCharacter(character)
    this.fail(character === '' ? 'ends with a backslash' : `holds \\${character}, which is not known here`)
    return undefined
  }

  #toNode(has: CharacterTest | undefined): PatternNode {
    return has === undefined ? EMPTY : { kind: 'character', has }
  }

  get #next(): string {
    return this.#text[this.#at] ?? ''
  }

  #shift(): string {
    const character = this.#next
    this.#at++
    return character
  }

  #take(character: string): boolean {
    if (this.#next !== character) return false
    this.#at++
    return true
  }
}

function isCharacter(wanted: string): CharacterTest {
  const lower = wanted.toLowerCase()
  return (character) => character === lower
}

function isBetween(character: string, first: string, last: string): boolean {
  return character >= first && character <= last
}
