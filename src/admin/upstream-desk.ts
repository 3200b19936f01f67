import type { UpstreamTerms } from '../upstreams/upstream-tables.ts'
import type { UpstreamProbe } from './upstream-schemas.ts'

/** What can be done with the upstreams of a running gateway. */
export interface UpstreamDesk {
  /** Throws GatewayError `invalid_input` where the config would not take it. */
  check(name: string, terms: UpstreamTerms): void
  /** Asks what would be there, within some seconds. Never rejects. */
  probe(name: string, terms: UpstreamTerms): Promise<UpstreamProbe>
  /** What the config itself has under the name. */
  configured(name: string): { readonly enabled: boolean } | undefined
  /** Sends for it until it is up or has had its time, where something says how. */
  wake(name: string): void
}
