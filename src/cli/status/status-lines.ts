import type { GatewayStatus } from '../../admin/schemas.ts'
import type { WholeStatus } from '../../admin/status.ts'
import { bytesText, rateText, shortTimeText, timeText } from './amounts.ts'
import { ledgerText } from './ledger-text.ts'
import { limitTable } from './limit-table.ts'
import { type FittedCell, type FittedColumn, fitTable, type Paint, shorten, type Tone } from './fitted-table.ts'

export interface StatusView {
  readonly status: WholeStatus
  readonly url: string
  readonly now: number
}

type UpstreamStatus = GatewayStatus['upstreams'][number]
type LoadedStatus = UpstreamStatus['loaded'][number]

const columns: readonly FittedColumn[] = [
  { heading: 'UPSTREAM', align: 'left', spare: 0 },
  { heading: 'STATE', align: 'left', spare: 0 },
  { heading: 'VERSION', align: 'left', spare: 9 },
  { heading: 'SLOTS', align: 'right', spare: 0 },
  { heading: 'MEMORY', align: 'right', spare: 3 },
  { heading: 'UNLOADS IN', align: 'right', spare: 5 },
  { heading: 'READS', align: 'right', spare: 4 },
  { heading: 'WRITES', align: 'right', spare: 2 },
  { heading: 'LOADS', align: 'right', spare: 6 },
  { heading: 'ROUND TRIP', align: 'right', spare: 7 },
]

const legend = 'SLOTS: running/at once, +1 tries one more; READS, WRITES: tokens; LOADS: from disk to memory'

/** The fleet as text: what it does in two lines, then a row for each upstream and below it its loaded models. */
export function statusLines(
  { status, url, now }: StatusView,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const up = `corral ${status.version} at ${url}, up ${timeText(status.uptime_seconds * 1000)}`
  const rows = status.upstreams.flatMap((upstream) => [
    upstreamRow(upstream),
    ...upstream.loaded.map((model) => (upstream.state === 'down' ? lostModelRow(model) : modelRow(model, now))),
  ])
  const faults = status.upstreams.flatMap(faultLine).map((line) => paint('bad', shorten(line, width)))
  const table = rows.length === 0 ? ['There are no upstreams'] : fitTable(columns, rows, { width, paint })
  const isKeyed = status.upstreams.some(({ loaded }) => loaded.length > 0) && legend.length <= width
  const below = isKeyed ? ['', paint('faint', legend)] : []
  const { problem } = status.store
  const trouble = problem === null ? [] : [paint('bad', shorten(`store: ${problem}`, width))]
  const books = ledgerText(status.ledger, now)
  const gaps = books === undefined ? [] : [paint('bad', shorten(books, width))]
  const head = [shorten(up, width), ...trouble, shorten(queueText(status.queue), width), ...gaps]
  const limits = limitTable(status.limits, { now, width, paint })
  return [...head, '', ...table, ...faults, ...below, ...limits]
}

function queueText({ waiting, longest_wait_ms, models }: GatewayStatus['queue']): string {
  if (waiting === 0) return 'queue: empty'
  const byModel = models.map((each) => `${each.model} ${each.waiting}`).join(', ')
  return `queue: ${waiting} waiting, the longest for ${shortTimeText(longest_wait_ms)} (${byModel})`
}

function upstreamRow(upstream: UpstreamStatus): FittedCell[] {
  const { load_bytes_per_second: speed, round_trip_ms: roundTrip } = upstream
  // What was known of one that is down says nothing of what it will be when it is back.
  if (upstream.state === 'down') {
    return [cell(upstream.name), stateCell(upstream), cell(upstream.version ?? ''), cell(countText(upstream.running))]
  }
  const memory = upstream.loaded.reduce((total, model) => total + (model.memory_bytes ?? 0), 0)
  return [
    cell(upstream.name),
    stateCell(upstream),
    cell(upstream.version ?? ''),
    cell(slotText(upstream)),
    cell(memory === 0 ? '' : bytesText(memory)),
    cell(''),
    cell(''),
    cell(''),
    cell(speed === null ? '' : `${bytesText(speed)}/s`),
    cell(roundTrip === null ? '' : shortTimeText(roundTrip)),
  ]
}

/** Of a model on an upstream that is down: its name, and what has not ended there yet. */
function lostModelRow({ model, running }: LoadedStatus): FittedCell[] {
  return [cell(`  ${model}`), cell(''), cell(''), cell(countText(running))]
}

function modelRow(model: LoadedStatus, now: number): FittedCell[] {
  const { slots, memory_bytes, expires_at, prefill_tokens_per_second, decode_tokens_per_second } = model
  return [
    cell(`  ${model.model}`),
    cell(model.state, model.state === 'loading' ? 'doubtful' : 'faint'),
    cell(''),
    cell(ofSlots(model.running, slots)),
    cell(memory_bytes === null ? '' : bytesText(memory_bytes)),
    cell(expires_at === null ? '' : unloadText(Date.parse(expires_at) - now)),
    cell(prefill_tokens_per_second === null ? '' : rateText(prefill_tokens_per_second)),
    cell(decode_tokens_per_second === null ? '' : rateText(decode_tokens_per_second)),
  ]
}

const tones: Readonly<Record<UpstreamStatus['state'], Tone>> = {
  up: 'good',
  down: 'bad',
  unknown: 'doubtful',
  draining: 'doubtful',
  disabled: 'faint',
}

function stateCell({ state, slow }: UpstreamStatus): FittedCell {
  return state === 'up' && slow ? cell('slow', 'doubtful') : cell(state, tones[state])
}

/** Ollama writes a time some centuries ahead for `keep_alive: -1`. */
function unloadText(ms: number): string {
  if (ms > 100 * 365 * 86_400_000) return 'never'
  return ms <= 0 ? 'when idle' : timeText(ms)
}

function faultLine({ name, state, fault }: UpstreamStatus): string[] {
  return state === 'down' && fault !== null ? [`${name}: ${fault}`] : []
}

function slotText(upstream: UpstreamStatus): string {
  const { running, loaded } = upstream
  return loaded.length === 0 ? countText(running) : ofSlots(running, slotsOf(upstream))
}

/** More than there are slots are tries for one more, which stand apart. */
function ofSlots(running: number, slots: number | null): string {
  if (slots === null) return String(running)
  return running > slots ? `${slots}/${slots} +${running - slots}` : `${running}/${slots}`
}

function countText(count: number): string {
  return count === 0 ? '' : String(count)
}

/** Null where one of its models has no bound. */
function slotsOf({ loaded }: UpstreamStatus): number | null {
  let total = 0
  for (const { slots } of loaded) {
    if (slots === null) return null
    total += slots
  }
  return total
}

function cell(text: string, tone: Tone | null = null): FittedCell {
  return { text, tone }
}
