export interface MetricFacts {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  /** One sentence, for HELP and for docs/metrics.md. */
  readonly help: string
  /** Of a histogram: upper bounds in rising order, without the last one, which is infinite. */
  readonly buckets?: readonly number[]
}

/** Every metric there is, in the order of the scrape; docs/metrics.md is generated from this table. */
export const metricCatalogue = {
  corral_exchanges_total: {
    type: 'counter',
    labels: ['upstream', 'model', 'dialect', 'kind', 'status', 'ending'],
    help: 'Exchanges that have ended, refused ones and answers of the gateway itself among them.',
  },
  corral_errors_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Exchanges that ended with an error of the gateway, by its code.',
  },
  corral_retries_total: {
    type: 'counter',
    labels: [],
    help: 'Attempts at an upstream after the first one of an exchange.',
  },
  corral_queue_seconds: {
    type: 'histogram',
    labels: ['upstream', 'model'],
    help: 'From the arrival of a request until an upstream was granted.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
  },
  corral_first_token_seconds: {
    type: 'histogram',
    labels: ['upstream', 'model'],
    help: 'From the arrival of a request until the first byte of a good answer was sent; for requests that a model worked for.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300],
  },
  corral_exchange_seconds: {
    type: 'histogram',
    labels: ['upstream', 'model'],
    help: 'From the arrival of a request until its end, however it ended; for requests that an upstream was asked, and not the cache.',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800],
  },
  corral_load_seconds: {
    type: 'histogram',
    labels: ['upstream', 'model'],
    help: 'How long the upstream says that it took to have the model ready; hundredths of a second where it was loaded.',
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300],
  },
  corral_tokens_total: {
    type: 'counter',
    labels: ['upstream', 'model', 'direction'],
    help: 'Tokens in the upstreams\' own numbers; direction is "prompt" or "completion".',
  },
  corral_cached_tokens_total: {
    type: 'counter',
    labels: ['upstream', 'model'],
    help: 'Prompt tokens that the upstream had in a cache of its own; they are among the prompt tokens.',
  },
  corral_cost_total: {
    type: 'counter',
    labels: ['upstream', 'model'],
    help: 'Cost by "models.prices", in the currency that those are in.',
  },
  corral_cached_exchanges_total: {
    type: 'counter',
    labels: ['result'],
    help: 'What the cache had to do with exchanges that it was asked about: "hit", "miss", "coalesced", "bypass".',
  },
  corral_bytes_total: {
    type: 'counter',
    labels: ['direction'],
    help: 'Body bytes from clients ("in") and to them ("out").',
  },
  corral_running_exchanges: {
    type: 'gauge',
    labels: [],
    help: 'Exchanges that have not ended, waiting ones included.',
  },
  corral_waiting_exchanges: { type: 'gauge', labels: [], help: 'Exchanges that wait in the queue.' },
  corral_queue_length: {
    type: 'gauge',
    labels: ['model'],
    help: 'Exchanges that wait for a model; only models that some wait for.',
  },
  corral_queue_longest_wait_seconds: {
    type: 'gauge',
    labels: ['model'],
    help: 'How long the one has waited that has waited longest for the model.',
  },
  corral_upstreams: {
    type: 'gauge',
    labels: ['state'],
    help: 'Upstreams and agents by state: up, down, unknown, draining, disabled.',
  },
  corral_upstream_up: {
    type: 'gauge',
    labels: ['upstream'],
    help: '1 where it is up, 0 where it is down or unknown; one that is draining or disabled has none.',
  },
  corral_upstream_running: { type: 'gauge', labels: ['upstream'], help: 'Attempts that hold a place there.' },
  corral_upstream_waiting: { type: 'gauge', labels: ['upstream'], help: 'Waiting exchanges that it could take.' },
  corral_upstream_round_trip_seconds: {
    type: 'gauge',
    labels: ['upstream'],
    help: 'The way there and back, as far as it was learnt.',
  },
  corral_slots: {
    type: 'gauge',
    labels: ['upstream', 'model'],
    help: 'Answers that a loaded model can give at a time; none where there is no limit.',
  },
  corral_busy_slots: { type: 'gauge', labels: ['upstream', 'model'], help: 'Slots that are taken.' },
  corral_loaded_models: { type: 'gauge', labels: ['upstream'], help: 'Models in the memory of an upstream.' },
  corral_loading_models: { type: 'gauge', labels: ['upstream'], help: 'Models that are being loaded there.' },
  corral_agents: { type: 'gauge', labels: ['pool'], help: 'Agents that are connected.' },
  corral_cache_answers: { type: 'gauge', labels: [], help: 'Answers that the cache holds.' },
  corral_cache_bytes: { type: 'gauge', labels: [], help: 'Memory that the cache takes.' },
  corral_ledger_rows_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Rows of the ledger that were "written" or are "lost".',
  },
  corral_ledger_waiting_rows: { type: 'gauge', labels: [], help: 'Rows that wait in memory to be written.' },
  corral_ledger_lag_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the exchange has been over whose row has waited longest.',
  },
  corral_ledger_failing: { type: 'gauge', labels: [], help: '1 while rows cannot be written, else 0.' },
  corral_request_log_lines_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Lines of the request log that were "written", or "dropped" because the disk did not take them.',
  },
  corral_request_log_failures_total: { type: 'counter', labels: [], help: 'Failed writes to the request log.' },
  corral_body_log_lines_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Lines of the files of bodies that were "written", or "dropped" because the disk did not take them.',
  },
  corral_trace_spans_total: {
    type: 'counter',
    labels: ['result'],
    help: 'Spans that were "exported", or "dropped" because nobody took them.',
  },
  corral_build_info: { type: 'gauge', labels: ['version', 'runtime'], help: 'Always 1.' },
  corral_start_time_seconds: { type: 'gauge', labels: [], help: 'When the gateway started, in Unix time.' },
  corral_cpu_seconds_total: {
    type: 'counter',
    labels: ['mode'],
    help: 'Processor time of the gateway, user and system.',
  },
  corral_resident_bytes: { type: 'gauge', labels: [], help: 'Memory of the gateway that is resident.' },
} as const satisfies Readonly<Record<string, MetricFacts>>

export type MetricName = keyof typeof metricCatalogue

/** Metrics of one type. */
export type MetricOf<T extends MetricFacts['type']> = {
  [N in MetricName]: (typeof metricCatalogue)[N]['type'] extends T ? N : never
}[MetricName]
