/**
 * What a model takes, from its name alone: `:70b`, `8x7b`, `e4b`, `135m`, with `q8_0`, `fp16` and their like, or the
 * four bits that Ollama's library has where nothing is said. 0 where the name tells no size.
 */
export function estimateBytes(canonical: string): number {
  const tag = canonical.slice(canonical.lastIndexOf(':') + 1)
  const parameters = parametersOf(tag) ?? parametersOf(canonical)
  return parameters === undefined ? 0 : Math.round((parameters * bitsOf(canonical)) / 8)
}

/** Not `a3b`: how many of them are active at a time says nothing of memory. */
const SIZE = /(?:^|[^a-z0-9.])(e?)(\d{1,4}(?:\.\d{1,3})?)(?:x(\d{1,4}(?:\.\d{1,3})?))?([mbt])(?![a-z0-9])/

const UNITS: Readonly<Record<string, number>> = { m: 1e6, b: 1e9, t: 1e12 }

/** Experts have their attention in common: Mixtral 8x7B has 46.7 billion parameters. */
const EXPERTS_SHARE = 0.83

/** Effective counts leave out what is only looked up: Gemma 3n E4B is as large as a model of 11 billion. */
const NOT_EFFECTIVE = 7e9

function parametersOf(text: string): number | undefined {
  const match = SIZE.exec(text)
  if (match === null) return undefined
  const [, effective, first = '', second, unit = 'b'] = match
  const scale = UNITS[unit] ?? 1e9
  if (second !== undefined) return Number(first) * Number(second) * scale * EXPERTS_SHARE
  return Number(first) * scale + (effective === 'e' ? NOT_EFFECTIVE : 0)
}

/** Bits per parameter, with the scales and the layers that are kept finer. */
const QUANTISATIONS: readonly (readonly [RegExp, number])[] = [
  [/(?:^|[^a-z0-9])(?:fp|f)32(?![0-9])/, 32],
  [/(?:^|[^a-z0-9])(?:fp|f|bf)16(?![0-9])/, 16],
  [/(?:^|[^a-z0-9])(?:fp|int)8(?![0-9])/, 8.2],
  [/(?:^|[^a-z0-9])(?:mx|nv)fp4(?![0-9])/, 4.6],
]
const INTEGER_QUANTISATION = /(?:^|[^a-z0-9])(i?)q([1-8])(?:_([0-9a-z]{1,3})(?:_([a-z]{1,2}))?)?(?![a-z0-9])/
const USUAL_BITS = 4.85

function bitsOf(canonical: string): number {
  const known = QUANTISATIONS.find(([pattern]) => pattern.test(canonical))
  if (known !== undefined) return known[1]
  const match = INTEGER_QUANTISATION.exec(canonical)
  if (match === null) return USUAL_BITS
  const [, improved, digit = '4', kind, size] = match
  if (improved === 'i') return Number(digit) + 0.4
  if (kind === 'k') return Number(digit) + (size === 's' ? 0.6 : 0.85)
  return Number(digit) + 0.5
}
