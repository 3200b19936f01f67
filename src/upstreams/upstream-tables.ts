/** What an admin has set: `draining` finishes what runs there; neither gets anything new. */
export type Hold = 'draining' | 'disabled'

/** An upstream that was added at run time, as it was written; by the rules of `upstreams` in the config. */
export interface UpstreamTerms {
  readonly url: string
  readonly priority?: number | undefined
  readonly memory?: string | number | undefined
  readonly slots?: string | number | undefined
  readonly wake?: Readonly<Record<string, unknown>> | undefined
}

/** What is kept of an upstream beside the config. */
export interface UpstreamRecord {
  readonly name: string
  readonly hold: Hold | null
  /** Null: it is in the config, or an agent. */
  readonly added: UpstreamTerms | null
}

export interface UpstreamTables {
  listUpstreams(): Promise<UpstreamRecord[]>
  /** In the place of what was kept under the name. */
  keepUpstream(record: UpstreamRecord): Promise<void>
  forgetUpstream(name: string): Promise<void>
}
