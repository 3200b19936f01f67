/** In the words of OTEL_TRACES_SAMPLER. */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export type SamplerName = (typeof samplers)[number]

/** Whether a trace is recorded. `parent` is what the caller has decided; null where the trace begins here. */
export type Sampler = (traceId: string, parent: boolean | null) => boolean

const RANDOM_DIGITS = 13
const RANDOM_RANGE = 16 ** RANDOM_DIGITS

export function createSampler(name: SamplerName, ratio: number): Sampler {
  const root = rootOf(name, ratio)
  return name.startsWith('parentbased_') ? (traceId, parent) => parent ?? root(traceId) : (traceId) => root(traceId)
}

function rootOf(name: SamplerName, ratio: number): (traceId: string) => boolean {
  if (name.endsWith('always_on')) return () => true
  if (name.endsWith('always_off')) return () => false
  // Everybody who goes by the same share keeps the same traces: the id is the die, and its end is random.
  return (traceId) => Number.parseInt(traceId.slice(-RANDOM_DIGITS), 16) >= (1 - ratio) * RANDOM_RANGE
}
