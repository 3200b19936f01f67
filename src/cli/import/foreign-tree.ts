export type Tree = Readonly<Record<string, unknown>>

/** A section of a foreign file of which each key is taken by whoever knows it; what is left is told, never dropped. */
export interface Taker {
  take(name: string): unknown
  rest(): readonly [string, unknown][]
}

export function createTaker(tree: Tree): Taker {
  const left = new Map(Object.entries(tree))
  return {
    take(name) {
      const value = left.get(name)
      left.delete(name)
      return value ?? undefined
    },
    rest: () => [...left],
  }
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** A text, a number or a truth value as it would be written; nothing for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** What Ruby takes for true or false; undefined for anything else. */
export function truthOf(value: unknown): boolean | undefined {
  const text = textOf(value).toLowerCase()
  if (['true', 'yes', 'on'].includes(text)) return true
  return ['false', 'no', 'off'].includes(text) ? false : undefined
}

/** Whether a value is left to the environment as a whole. */
export function isVariable(value: unknown): value is string {
  return typeof value === 'string' && /^\$\{\w+\}$/.test(value)
}
