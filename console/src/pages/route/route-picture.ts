/** As `GET /admin/route/explain` answers. */
export interface ExpectedTimes {
  readonly queue: number
  readonly load: number
  readonly prefill: number
  readonly network: number
  readonly total: number
}

export interface Verdict {
  readonly name: string
  readonly eligible: boolean
  readonly reason: string
  readonly expected_ms: ExpectedTimes | null
}

export interface Explanation {
  readonly asked: string
  readonly model: string
  readonly selected: string | null
  readonly missing: boolean
  readonly because: 'alias' | 'fallback' | null
  readonly upstreams: readonly Verdict[]
  readonly instead_of: { readonly model: string; readonly upstreams: readonly Verdict[] } | null
}

/** What the time until the first token is made of, in the order in which it passes. */
export const phases = ['queue', 'load', 'prefill', 'network'] as const

export type Phase = (typeof phases)[number]

export interface Span {
  readonly phase: Phase
  readonly fromMs: number
  readonly toMs: number
}

export interface Lane {
  readonly name: string
  /** `chosen`: it goes there now. `possible`: it could. `out`: it cannot. */
  readonly verdict: 'chosen' | 'possible' | 'out'
  readonly reason: string
  readonly spans: readonly Span[]
  /** Null where nobody can tell. */
  readonly totalMs: number | null
}

export interface Step {
  readonly model: string
  /** What leads to this model from the one before; null: it is what was asked for. */
  readonly because: 'alias' | 'fallback' | null
  /** Empty where only the next step's are looked at. */
  readonly lanes: readonly Lane[]
}

export interface RoutePicture {
  readonly steps: readonly Step[]
  /** Where the scale of all lanes ends. */
  readonly scaleMs: number
  readonly ticksMs: readonly number[]
  readonly outcome: 'goes' | 'waits' | 'missing'
  /** The whole in one sentence, for those who do not see the picture. */
  readonly sentence: string
}

/** A decision as what there is to draw: models from left to right, upstreams as lanes of time. */
export function routePicture(explanation: Explanation): RoutePicture {
  const { asked, model, because, upstreams, instead_of, selected } = explanation
  const lanes = upstreams.map((verdict) => lane(verdict, selected))
  const last: Step = { model, because, lanes }
  const steps = because === null ? [last] : [...stepsBefore(asked, instead_of), last]
  const longest = Math.max(0, ...steps.flatMap((step) => step.lanes.map(({ totalMs }) => totalMs ?? 0)))
  const ticksMs = ticks(longest)
  return {
    steps,
    scaleMs: ticksMs.at(-1) ?? 1,
    ticksMs,
    outcome: outcomeOf(explanation),
    sentence: sentence(explanation),
  }
}

/** An alias may lead to a model that a fallback then stands in for. */
function stepsBefore(asked: string, insteadOf: Explanation['instead_of']): Step[] {
  if (insteadOf === null) return [{ model: asked, because: null, lanes: [] }]
  const lanes = insteadOf.upstreams.map((verdict) => lane(verdict, null))
  if (insteadOf.model === asked) return [{ model: asked, because: null, lanes }]
  return [
    { model: asked, because: null, lanes: [] },
    { model: insteadOf.model, because: 'alias', lanes },
  ]
}

function lane({ name, eligible, reason, expected_ms }: Verdict, selected: string | null): Lane {
  const spans: Span[] = []
  let fromMs = 0
  for (const phase of phases) {
    const ms = expected_ms?.[phase] ?? 0
    if (ms > 0) spans.push({ phase, fromMs, toMs: fromMs + ms })
    fromMs += ms
  }
  const possible = eligible ? 'possible' : 'out'
  return { name, verdict: name === selected ? 'chosen' : possible, reason, spans, totalMs: expected_ms?.total ?? null }
}

/** From 0 in steps that people count in, to the first one that has room for everything. */
function ticks(longestMs: number): number[] {
  const least = Math.max(longestMs, 1) / 4
  const power = 10 ** Math.floor(Math.log10(least))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= least) ?? 10 * power
  const count = Math.max(1, Math.ceil(longestMs / step))
  return Array.from({ length: count + 1 }, (_, place) => place * step)
}

function outcomeOf({ selected, missing }: Explanation): RoutePicture['outcome'] {
  if (selected !== null) return 'goes'
  return missing ? 'missing' : 'waits'
}

function sentence({ asked, model, because, selected, missing, upstreams }: Explanation): string {
  const request =
    because === null ? `A request for ${asked}` : `A request for ${asked} runs as ${model} (${because}) and`
  if (missing) return `${request} would be answered with 404: no upstream has the model.`
  if (selected !== null) return `${request} goes to ${selected} now.`
  const canTake = upstreams.some(({ eligible }) => eligible)
  return canTake ? `${request} waits in the queue now.` : `${request} can go nowhere now.`
}
