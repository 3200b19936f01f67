import type { GatewayStatus } from '../../admin/schemas.ts'
import { bytesText, rateText, shortTimeText, timeText } from './amounts.ts'
import { type FittedCell, type FittedColumn, fitTable, type Paint, shorten, type Tone } from './fitted-table.ts'

export interface StatusView {
  readonly status: GatewayStatus
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
  { heading: 'WAITING', align: 'right', spare: 1 },
  { heading: 'MEMORY', align: 'right', spare: 3 },
  { heading: 'UNLOADS IN', align: 'right', spare: 5 },
  { heading: 'READS', align: 'right', spare: 4 },
  { heading: 'WRITES', align: 'right', spare: 2 },
  { heading: 'LOADS', align: 'right', spare: 6 },
  { heading: 'ROUND TRIP', align: 'right', spare: 7 },
]

/** The fleet as text: what it does in two lines, then a row for each upstream and below it its loaded models. */
export function statusLines(
  { status, url, now }: StatusView,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const up = `corral ${status.version} at ${url}, up ${timeText(status.uptime_seconds * 1000)}`
  const waiting = new Map(status.queue.models.map((each) => [each.model, each.waiting]))
  const rows = status.upstreams.flatMap((upstream) => [
    upstreamRow(upstream),
    ...upstream.loaded.map((model) => modelRow(model, { now, waiting: waiting.get(model.model) ?? 0 })),
  ])
  const faults = status.upstreams.flatMap(faultLine).map((line) => paint('bad', shorten(line, width)))
  const table = rows.length === 0 ? ['There are no upstreams'] : fitTable(columns, rows, { width, paint })
  return [shorten(up, width), shorten(queueText(status.queue), width), '', ...table, ...faults]
}

function queueText({ waiting, longest_wait_ms, models }: GatewayStatus['queue']): string {
  if (waiting === 0) return 'queue: empty'
  const byModel = models.map((each) => `${each.model} ${each.waiting}`).join(', ')
  return `queue: ${waiting} waiting, the longest for ${shortTimeText(longest_wait_ms)} (${byModel})`
}

function upstreamRow(upstream: UpstreamStatus): FittedCell[] {
  const memory = upstream.loaded.reduce((total, model) => total + (model.memory_bytes ?? 0), 0)
  const speed = upstream.load_bytes_per_second
  return [
    cell(upstream.name),
    stateCell(upstream),
    cell(upstream.version ?? ''),
    cell(slotText(upstream)),
    countCell(upstream.waiting),
    cell(memory === 0 ? '' : bytesText(memory)),
    cell(''),
    cell(''),
    cell(''),
    cell(speed === null ? '' : `${bytesText(speed)}/s`),
    cell(upstream.round_trip_ms === null ? '' : shortTimeText(upstream.round_trip_ms)),
  ]
}

function modelRow(
  model: LoadedStatus,
  { now, waiting }: { readonly now: number; readonly waiting: number },
): FittedCell[] {
  const { slots, memory_bytes, expires_at, prefill_tokens_per_second, decode_tokens_per_second } = model
  return [
    cell(`  ${model.model}`),
    cell(model.state, model.state === 'loading' ? 'doubtful' : 'faint'),
    cell(''),
    cell(slots === null ? `${model.running}` : `${model.running}/${slots}`),
    countCell(waiting),
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
  disabled: 'faint',
}

function stateCell({ state, slow }: UpstreamStatus): FittedCell {
  return state === 'up' && slow ? cell('slow', 'doubtful') : cell(state, tones[state])
}

function countCell(waiting: number): FittedCell {
  return waiting === 0 ? cell('') : cell(String(waiting), 'doubtful')
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
  if (loaded.length === 0) return running === 0 ? '' : String(running)
  const slots = slotsOf(upstream)
  return slots === null ? String(running) : `${running}/${slots}`
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
