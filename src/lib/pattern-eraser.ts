import { compile, reach, type Step } from './pattern.ts'

/** All that a pattern could go on with after some text, so that each character of a text is one look. */
interface State {
  readonly takes: readonly Step[]
  /** Whether what was read so far fits, and whether it does if the text ends here. */
  readonly isDone: boolean
  readonly isDoneAtEnd: boolean
  /** By character code; null: nothing fits any more. */
  readonly next: (State | null | undefined)[]
}

/** As often as this, on the average, a character may be looked at. */
const LOOKS = 32
const MAX_STATES = 500
const TABLE_SIZE = 128

/**
 * Puts `mark` in the place of each longest part of a text that fits a regular expression, in either case, without
 * going back: where a pattern would have every place read again and again, all that is left is taken out. A pattern
 * that is none takes nothing out.
 */
export function patternEraser(pattern: string, mark: string): (text: string) => string {
  const first = compile(pattern)
  if (typeof first === 'string') return (text) => text
  const automaton = createAutomaton(first)
  return (text) => erase(text, mark, automaton)
}

function erase(text: string, mark: string, { begin, after }: Automaton): string {
  let looks = LOOKS * text.length + LOOKS
  let result = ''
  let done = 0
  for (let at = 0; at < text.length; at++) {
    let end = -1
    let state: State | null = begin(at === 0)
    for (let read = at; state !== null; read++) {
      if (state.isDone || (read === text.length && state.isDoneAtEnd)) end = read
      if (read === text.length) break
      if (looks-- === 0) return `${result}${text.slice(done, at)}${mark}`
      state = after(state, text.charCodeAt(read))
    }
    if (end <= at) continue
    result += text.slice(done, at) + mark
    done = end
    at = end - 1
  }
  return done === 0 ? text : result + text.slice(done)
}

interface Automaton {
  begin(isStart: boolean): State
  after(state: State, code: number): State | null
}

/** States are made as texts lead to them, and forgotten where they become many. */
function createAutomaton(first: Step): Automaton {
  let states = new Map<string, State>()
  const atStart = stateOf([first], true)
  const elsewhere = stateOf([first], false)

  function stateOf(from: readonly Step[], isStart: boolean): State {
    const { takes, isDone } = reach([...from], { isStart, isEnd: false })
    const isDoneAtEnd = isDone || reach([...from], { isStart, isEnd: true }).isDone
    const ids = takes.map(({ id }) => id).toSorted((a, b) => a - b)
    const name = `${ids.join(' ')}${isDone ? ' done' : ''}${isDoneAtEnd ? ' at end' : ''}`
    const known = states.get(name)
    if (known !== undefined) return known
    if (states.size >= MAX_STATES) states = new Map()
    const state: State = { takes, isDone, isDoneAtEnd, next: [] }
    states.set(name, state)
    return state
  }

  function read(state: State, code: number): State | null {
    const character = String.fromCharCode(code).toLowerCase()
    const held = state.takes.flatMap((step) => (step.has(character) ? step.next : []))
    return held.length === 0 ? null : stateOf(held, false)
  }

  return {
    begin: (isStart) => (isStart ? atStart : elsewhere),
    after(state, code) {
      if (code >= TABLE_SIZE) return read(state, code)
      let next = state.next[code]
      if (next === undefined) {
        next = read(state, code)
        state.next[code] = next
      }
      return next
    },
  }
}
