/** What was learnt of the fleet, for whoever looks at it; null where it is only assumed. */
export interface LearntFleet {
  server(name: string): LearntServer
  pair(server: string, model: string): LearntPair
}

export interface LearntServer {
  readonly roundTripMs: number | null
  readonly loadBytesPerSecond: number | null
}

export interface LearntPair {
  readonly prefillTokensPerSecond: number | null
  readonly decodeTokensPerSecond: number | null
}
