import { parsePattern, type PatternNode } from './pattern-syntax.ts'

/**
 * A step of a pattern: it takes a character, or holds at an end of the text, and goes on to the next; a fork goes on
 * to several. All steps that the text so far leads to are held at once, so that no pattern takes more time than the
 * product of its length and the text's: the built-in expressions can be made to take for ever.
 */
export interface Step {
  readonly id: number
  readonly kind: 'character' | 'start' | 'end' | 'fork' | 'done'
  readonly has: (character: string) => boolean
  readonly next: Step[]
}

const MAX_STEPS = 2000

/** Why it is not a pattern, as the end of a sentence; undefined where it is one. */
export function patternProblem(pattern: string): string | undefined {
  const compiled = compile(pattern)
  return typeof compiled === 'string' ? compiled : undefined
}

/** Whether a part of a text fits a regular expression, in either case. One that is none fits nothing. */
export function patternMatcher(pattern: string): (text: string) => boolean {
  const first = compile(pattern)
  return typeof first === 'string' ? () => false : (text) => matches(first, text.toLowerCase())
}

/** Its first step, or why it is not a pattern. */
export function compile(pattern: string): Step | string {
  const parsed = parsePattern(pattern)
  if (parsed.kind === 'malformed') return parsed.problem
  const builder = createBuilder()
  const first = builder.build(parsed.root, builder.step('done', []))
  return builder.isFull() ? `is too large: its repetitions unfold to more than ${MAX_STEPS} steps` : first
}

function createBuilder() {
  let count = 0

  function step(kind: Step['kind'], next: Step[], has: Step['has'] = never): Step {
    return { id: count++, kind, has, next }
  }

  /** From its end to its beginning: what a part leads to is there before the part. */
  function build(node: PatternNode, after: Step): Step {
    // Parts without a step count too: repetitions of nothing would be unfolded for ever.
    if (count++ > MAX_STEPS) return after
    if (node.kind === 'character') return step('character', [after], (character) => node.has(character))
    if (node.kind === 'sequence') return node.parts.reduceRight((next, part) => build(part, next), after)
    if (node.kind === 'choice') {
      const first = node.parts.map((part) => build(part, after))
      return step('fork', first)
    }
    return node.kind === 'repeat' ? buildRepeat(node, after) : step(node.kind, [after])
  }

  function buildRepeat({ part, min, max }: Extract<PatternNode, { kind: 'repeat' }>, after: Step): Step {
    let first = after
    if (max === Infinity) {
      first = step('fork', [after])
      first.next.push(build(part, first))
    }
    for (let left = max === Infinity ? 0 : max - min; left > 0 && count <= MAX_STEPS; left--)
      first = step('fork', [after, build(part, first)])
    for (let left = min; left > 0 && count <= MAX_STEPS; left--) first = build(part, first)
    return first
  }

  return { step, build, isFull: () => count > MAX_STEPS }
}

function never(): boolean {
  return false
}

function matches(first: Step, text: string): boolean {
  let held: Step[] = []
  for (let at = 0; at <= text.length; at++) {
    const place = { isStart: at === 0, isEnd: at === text.length }
    const { takes, isDone } = reach([...held, first], place)
    if (isDone) return true
    const character = text[at] ?? ''
    held = place.isEnd ? [] : takes.flatMap((step) => (step.has(character) ? step.next : []))
  }
  return false
}

interface Reached {
  /** Every step that takes a character next, once. */
  readonly takes: readonly Step[]
  /** Whether what was read so far fits. */
  readonly isDone: boolean
}

/** Where steps lead to without a further character; `from` is used up. */
export function reach(from: Step[], { isStart, isEnd }: { isStart: boolean; isEnd: boolean }): Reached {
  const seen = new Set<number>()
  const takes: Step[] = []
  let isDone = false
  for (let step = from.pop(); step !== undefined; step = from.pop()) {
    if (seen.has(step.id)) continue
    seen.add(step.id)
    if (step.kind === 'done') isDone = true
    else if (step.kind === 'character') takes.push(step)
    else if (step.kind === 'fork' || (step.kind === 'start' ? isStart : isEnd)) from.push(...step.next)
  }
  return { takes, isDone }
}
