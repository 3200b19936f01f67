export interface HttpSettings {
  readonly listen: readonly ListenAddress[]
  /** PEM text, read when the config was loaded. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Addresses and CIDRs whose X-Forwarded-For counts. */
  readonly trustedProxies: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly drainMs: number
  readonly bodyBytes: number
  readonly bodiesTotalBytes: number
}

export interface ListenAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}
