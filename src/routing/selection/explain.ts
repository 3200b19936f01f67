import type { Principal } from '../../auth/principal.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { ServerQuote } from '../dispatch/server-quote.ts'
import type { Work } from '../dispatch/work.ts'
import { laneOf, openLane, USUAL_SHARE } from '../errand.ts'
import type { ExpectedTimes, ModelExplanation, UpstreamVerdict } from './explanation.ts'
import { gigabytes } from './gigabytes.ts'
import { type Selection, pick, selectUpstreams } from './select.ts'
import { spokenAlike } from './spoken-alike.ts'
import type { UpstreamState } from '../fleet/upstream-state.ts'
import { type DropReason, has, isAmong, judgeFleet, type SelectRequest, type Snapshot } from './verdict.ts'

export interface ExplainRequest {
  /** Canonical; after aliases and fallbacks. */
  readonly model: string
  readonly promptTokens: number
  readonly principal: Pick<Principal, 'upstreams' | 'keyId' | 'queue'>
  readonly dialect: SelectRequest['route']['dialect']
}

export interface ExplainDeps {
  readonly snapshot: Snapshot
  readonly dispatcher: Pick<Dispatcher, 'explain'>
  readonly now: number
}

/** Where a request would go now, and what speaks against the others. Names out of the principal's reach are left out. */
export function explainRoute(asked: ExplainRequest, { snapshot, dispatcher, now }: ExplainDeps): ModelExplanation {
  const { model, principal, dialect } = asked
  const route = { kind: 'generate', pattern: '', dialect } as const
  const request: SelectRequest = { model, principal, route, tried: new Set(), named: null }
  const selection = selectUpstreams(request, snapshot)
  const verdicts = judgeFleet(request, snapshot)
  const dialects = spokenAlike(model, dialect, snapshot.upstreams).join(',')
  const quotes = quotesOf(asked, selection, { dispatcher, now, lane: laneOf(request, openLane(model, dialects)) })
  const missing = isMissing(request, selection)
  const selected = missing ? undefined : selectedName(request, selection, quotes)
  const best = snapshot.upstreams.find(({ name }) => name === selected)
  const seen = snapshot.upstreams.flatMap((state, index) => {
    const { upstreams } = principal
    if (upstreams !== null && !isAmong(state, upstreams)) return []
    const quote = quotes.get(state.name)
    const verdict = verdicts[index] ?? 'disabled'
    const eligible = !missing && selection.kind === 'eligible' && selection.states.includes(state)
    const reason =
      eligible || verdict === 'eligible'
        ? eligibleReason(state, { best, quotes, isKnown: has(state, model) })
        : dropReason(verdict, state, snapshot.bytesOf?.(state, model) ?? 0)
    return [{ quote, verdict: { name: state.name, eligible, reason, expected: quote ? timesOf(quote) : null } }]
  })
  const order = ({ quote, verdict }: (typeof seen)[number]): number => {
    if (verdict.name === selected) return -1
    if (quote !== undefined) return totalOf(quote) + quote.othersMs
    return verdict.eligible ? Number.MAX_VALUE : Infinity
  }
  const upstreams: readonly UpstreamVerdict[] = seen
    .toSorted((a, b) => Math.sign(order(a) - order(b) || 0))
    .map(({ verdict }) => verdict)
  return { model, selected: selected ?? null, missing, upstreams }
}

function quotesOf(
  { model, promptTokens, principal }: ExplainRequest,
  selection: Selection,
  { dispatcher, now, lane }: Pick<ExplainDeps, 'dispatcher' | 'now'> & { readonly lane: string },
): ReadonlyMap<string, ServerQuote> {
  if (selection.kind !== 'eligible' || !selection.states.every((state) => has(state, model))) return new Map()
  const names = selection.states.map(({ name }) => name)
  const work: Work = {
    model,
    key: principal.keyId,
    share: principal.queue ?? USUAL_SHARE,
    prompt: { tokens: promptTokens, blocks: () => [] },
    brief: false,
    arrivedAt: now,
    lane,
    candidates: () => names,
  }
  return new Map(dispatcher.explain(work).map((quote) => [quote.server, quote]))
}

function selectedName(
  request: SelectRequest,
  selection: Selection,
  quotes: ReadonlyMap<string, ServerQuote>,
): string | undefined {
  for (const quote of quotes.values()) if (quote.chosen) return quote.server
  return selection.kind === 'eligible' && quotes.size === 0 ? pick(request, selection, 0)?.name : undefined
}

/** Those that know what they have do not have it: the one that were asked all the same would answer a 404. */
function isMissing(request: SelectRequest, selection: Selection): boolean {
  if (selection.kind === 'none') return selection.reason === 'model-missing'
  if (selection.kind === 'asleep' || selection.why !== 'model-unknown') return false
  return pick(request, selection, 0)?.models !== null
}

interface Comparison {
  readonly best: UpstreamState | undefined
  readonly quotes: ReadonlyMap<string, ServerQuote>
  readonly isKnown: boolean
}

/** Less than this is no reason that anybody would look for. */
const NOTICEABLE_MS = 50

function eligibleReason(state: UpstreamState, { best, quotes, isKnown }: Comparison): string {
  const unlisted = isKnown ? '' : `, although ${unlistedReason(state)}`
  if (best === undefined || best.name === state.name) return `selected${unlisted}`
  if (state.priority > best.priority) return `priority ${state.priority} comes after priority ${best.priority}`
  if (state.slow && !best.slow) return 'its health probes take longer than max_response_time'
  const [mine, theirs] = [quotes.get(state.name), quotes.get(best.name)]
  if (mine === undefined || theirs === undefined) return `could take it${unlisted}`
  const laterMs = totalOf(mine) - totalOf(theirs)
  if (laterMs >= NOTICEABLE_MS) return `would answer ${(laterMs / 1000).toFixed(1)} s later`
  return mine.othersMs - theirs.othersMs >= NOTICEABLE_MS
    ? 'would cost other requests more'
    : 'as good as the selected one'
}

function unlistedReason({ models }: UpstreamState): string {
  return models === null ? 'its models are not known yet' : 'it does not list the model'
}

function dropReason(reason: DropReason, state: UpstreamState, bytes: number): string {
  switch (reason) {
    case 'disabled':
      return 'it is disabled'
    case 'closed-to-pool':
      return `its pool ${state.agent?.pool ?? ''} may not serve the model`
    case 'not-assigned':
      return 'the model is assigned to others'
    case 'not-granted':
    case 'not-named':
      return 'it is not among those that were asked for'
    case 'other-dialect':
      return 'it does not speak this API'
    case 'lacks-model':
      if (state.models !== null) return 'its disk does not have the model'
      return state.health === 'down' ? downReason(state) : 'its models are not known yet'
    case 'too-big':
      return `the model takes ${gigabytes(bytes)} of its ${gigabytes(state.memoryBytes ?? 0)}`
    case 'draining':
      return 'it is draining: it finishes what runs there'
    case 'refuses-key':
      return 'it refuses the key that it was given'
    case 'down':
      return downReason(state)
    case 'broken':
      return 'its last requests failed'
    case 'tried':
      return 'it was tried already'
    case 'unproven':
      return 'it has not been asked after its health yet'
    case 'fails-model':
      return 'the model failed on it lately'
  }
}

function downReason({ wake, fault }: UpstreamState): string {
  if (wake !== null) return 'it is asleep and is woken where no other can answer'
  return fault === null ? 'it is down' : `it is down: ${fault}`
}

function timesOf(quote: ServerQuote): ExpectedTimes {
  const { queueMs: queue, loadMs: load, prefillMs: prefill, networkMs: network } = quote
  return { queue, load, prefill, network, total: totalOf(quote) }
}

function totalOf({ queueMs, loadMs, prefillMs, networkMs }: ServerQuote): number {
  return queueMs + loadMs + prefillMs + networkMs
}
