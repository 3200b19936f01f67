import { LineCounter, parseDocument } from 'yaml'
import { syntaxSentence } from './yaml-tree.ts'

export type ForeignYaml =
  | { readonly kind: 'tree'; readonly tree: unknown }
  | { readonly kind: 'problem'; readonly sentence: string }

/** Enough for a file whose environments share sections, too little for one that grows without end. */
const MAX_ALIASES = 1000

/** As Ruby reads it, but for `yes`, `no`, `on` and `off`, which stay text: of a key that is there twice the last holds. */
export function readForeignYaml(text: string): ForeignYaml {
  const lines = new LineCounter()
  try {
    const options = { merge: true, uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const
    const document = parseDocument(text, { ...options, lineCounter: lines })
    const [error] = document.errors
    if (error !== undefined) {
      return { kind: 'problem', sentence: `line ${lines.linePos(error.pos[0]).line}: ${syntaxSentence(error.code)}` }
    }
    return { kind: 'tree', tree: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown }
  } catch (error) {
    // An alias without its anchor, or too many of them.
    if (error instanceof ReferenceError) return { kind: 'problem', sentence: 'its anchors and aliases do not resolve' }
    if (error instanceof RangeError) return { kind: 'problem', sentence: 'it is nested too deeply' }
    throw error
  }
}
