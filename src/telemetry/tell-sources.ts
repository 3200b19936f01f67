import type { Exposition } from './exposition.ts'
import type { MetricsSources, ProcessReading, QueueReading, UpstreamReading } from './metrics-sources.ts'

/** Names as they may stand in a label. */
export interface Labels {
  upstream(name: string | null): string
  model(canonical: string | null): string
}

/** Writes what the sources say now into a scrape. */
export function tellSources(sources: MetricsSources, labels: Labels, to: Exposition): void {
  if (sources.runningExchanges !== undefined) to.add('corral_running_exchanges', sources.runningExchanges())
  if (sources.queues !== undefined) tellQueues(sources.queues(), labels, to)
  if (sources.upstreams !== undefined) tellUpstreams(sources.upstreams(), labels, to)
  for (const [pool, count] of sources.agents?.() ?? []) to.add('corral_agents', count, pool)
  tellBooks(sources, to)
  tellOutputs(sources, to)
  if (sources.process !== undefined) tellProcess(sources.process(), to)
}

function tellQueues(queues: readonly QueueReading[], { model }: Labels, to: Exposition): void {
  const longest = new Map<string, number>()
  to.add('corral_waiting_exchanges', 0)
  for (const queue of queues) {
    const label = model(queue.model)
    to.add('corral_waiting_exchanges', queue.waiting)
    to.add('corral_queue_length', queue.waiting, label)
    longest.set(label, Math.max(longest.get(label) ?? 0, queue.longestWaitMs))
  }
  for (const [label, waitMs] of longest) to.add('corral_queue_longest_wait_seconds', waitMs / 1000, label)
}

function tellUpstreams(upstreams: readonly UpstreamReading[], labels: Labels, to: Exposition): void {
  for (const state of ['up', 'down', 'unknown', 'draining', 'disabled']) to.add('corral_upstreams', 0, state)
  for (const upstream of upstreams) tellUpstream(upstream, labels, to)
}

function tellUpstream(upstream: UpstreamReading, labels: Labels, to: Exposition): void {
  const name = labels.upstream(upstream.name)
  to.add('corral_upstreams', 1, upstream.state)
  // What an admin has taken out is nothing to be woken for.
  if (!['draining', 'disabled'].includes(upstream.state))
    to.add('corral_upstream_up', upstream.state === 'up' ? 1 : 0, name)
  to.add('corral_upstream_running', upstream.running, name)
  to.add('corral_upstream_waiting', upstream.waiting, name)
  const { roundTripMs, models } = upstream
  if (roundTripMs !== null) to.add('corral_upstream_round_trip_seconds', roundTripMs / 1000, name)
  to.add('corral_loaded_models', models.filter(({ state }) => state === 'loaded').length, name)
  to.add('corral_loading_models', models.filter(({ state }) => state === 'loading').length, name)
  for (const { model, running, slots } of models) {
    if (slots !== null) to.add('corral_slots', slots, name, labels.model(model))
    to.add('corral_busy_slots', running, name, labels.model(model))
  }
}

function tellBooks({ cache, ledger }: MetricsSources, to: Exposition): void {
  if (cache !== undefined) {
    const { answers, bytes } = cache()
    to.add('corral_cache_answers', answers)
    to.add('corral_cache_bytes', bytes)
  }
  if (ledger !== undefined) {
    const { written, lost, waiting, lagMs, failingSince } = ledger()
    to.add('corral_ledger_rows_total', written, 'written')
    to.add('corral_ledger_rows_total', lost, 'lost')
    to.add('corral_ledger_waiting_rows', waiting)
    to.add('corral_ledger_lag_seconds', lagMs / 1000)
    to.add('corral_ledger_failing', failingSince === null ? 0 : 1)
  }
}

function tellOutputs({ requestLog, bodyLog, traceSpans }: MetricsSources, to: Exposition): void {
  if (requestLog !== undefined) {
    const { written, dropped, failures } = requestLog()
    to.add('corral_request_log_lines_total', written, 'written')
    to.add('corral_request_log_lines_total', dropped, 'dropped')
    to.add('corral_request_log_failures_total', failures)
  }
  if (bodyLog !== undefined) {
    const { written, dropped } = bodyLog()
    to.add('corral_body_log_lines_total', written, 'written')
    to.add('corral_body_log_lines_total', dropped, 'dropped')
  }
  if (traceSpans !== undefined) {
    const { exported, dropped } = traceSpans()
    to.add('corral_trace_spans_total', exported, 'exported')
    to.add('corral_trace_spans_total', dropped, 'dropped')
  }
}

function tellProcess(process: ProcessReading, to: Exposition): void {
  to.add('corral_build_info', 1, process.version, process.runtime)
  to.add('corral_start_time_seconds', process.startedAt / 1000)
  to.add('corral_cpu_seconds_total', process.userCpuSeconds, 'user')
  to.add('corral_cpu_seconds_total', process.systemCpuSeconds, 'system')
  to.add('corral_resident_bytes', process.residentBytes)
}
