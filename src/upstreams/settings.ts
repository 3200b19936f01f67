import type { RawHeaders } from '../lib/raw-headers.ts'

export interface UpstreamSettings {
  readonly name: string
  /** http or https, without credentials, query or a final slash; may have a path prefix. */
  readonly url: string
  /** Lower is preferred. */
  readonly priority: number
  readonly enabled: boolean
  /** Sent with every request; credentials of the URL, or of username and password, are among them. */
  readonly headers: RawHeaders
  /** PEM text. */
  readonly ca: string | null
  /** Slower health probes make it less preferred. */
  readonly maxResponseTimeMs: number | null
}
