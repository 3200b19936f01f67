/** What a model on the fake server is and how fast it runs; what is left out comes from the server's options. */
export interface ModelSpec {
  readonly name: string
  readonly sizeBytes?: number
  readonly family?: string
  readonly contextLength?: number
  readonly capabilities?: readonly string[]
  readonly tokensPerSecond?: number
  readonly prefillTokensPerSecond?: number
  readonly parallel?: number
  /** Tokens of an answer when the request sets no limit. */
  readonly answerTokens?: number
  /** A stub that Ollama forwards to another host; refused here with the text of a server that is not signed in. */
  readonly remoteHost?: string
}

export interface FakeOllamaOptions {
  readonly port?: number
  readonly controlPort?: number
  readonly models?: readonly ModelSpec[]
  readonly version?: string
  /** OLLAMA_NUM_PARALLEL: slots per loaded model. */
  readonly parallel?: number
  /** OLLAMA_MAX_QUEUE: requests that may wait for a load. */
  readonly maxQueue?: number
  /** OLLAMA_MAX_LOADED_MODELS */
  readonly maxLoaded?: number
  readonly keepAliveMs?: number
  readonly memoryBytes?: number
  /** Beside a model's own bytes, in memory and in `/api/ps`: what its context takes. */
  readonly contextBytes?: number
  /** Disk to memory; a load takes size / bandwidth, and `loadFixedMs`. */
  readonly loadBytesPerSecond?: number
  readonly loadFixedMs?: number
  readonly tokensPerSecond?: number
  readonly prefillTokensPerSecond?: number
  /** The speeds are those of a model of this size, and inversely as the size of others; left out, of all alike. */
  readonly speedsForBytes?: number | undefined
  /** Streams slow each other down: models at work share the server, streams of one model its batch. */
  readonly contention?: boolean
  /** All of its own times, speeds and `keepAliveMs` this many times shorter. */
  readonly timeScale?: number
  readonly answerTokens?: number
  /** How many tokens come in one piece of a stream, after the first one. */
  readonly tokensPerChunk?: number
  readonly charactersPerToken?: number
  /** Whether `prompt_eval_count` includes tokens found in the prefix cache, as the recordings show. */
  readonly cachedTokensCounted?: boolean
  /** Active in Ollama only where it is bound to loopback. */
  readonly hostCheck?: boolean
  /** What a pull can find; left out, it finds every name but those that begin with `missing`. */
  readonly registry?: Readonly<Record<string, number>>
  readonly pullBytesPerSecond?: number
  /** Room for models; a pull that needs more ends as it does on a full disk. */
  readonly diskBytes?: number
  /** Ollama ignores `Upgrade`; `echo` stands for a server that accepts it. */
  readonly upgrades?: 'ignore' | 'echo'
}

export type ReadyOptions = Required<Omit<FakeOllamaOptions, 'registry'>> & Pick<FakeOllamaOptions, 'registry'>

const DEFAULTS: ReadyOptions = {
  port: 0,
  controlPort: 0,
  models: [{ name: 'tiny' }, { name: 'tinythink', capabilities: ['completion', 'tools', 'thinking'] }],
  version: '0.24.0',
  parallel: 1,
  maxQueue: 512,
  maxLoaded: 3,
  keepAliveMs: 300_000,
  memoryBytes: Infinity,
  contextBytes: 0,
  loadBytesPerSecond: Infinity,
  loadFixedMs: 0,
  tokensPerSecond: Infinity,
  prefillTokensPerSecond: Infinity,
  speedsForBytes: undefined,
  contention: false,
  timeScale: 1,
  answerTokens: 24,
  tokensPerChunk: 1,
  charactersPerToken: 4,
  cachedTokensCounted: true,
  hostCheck: true,
  pullBytesPerSecond: Infinity,
  diskBytes: Infinity,
  upgrades: 'ignore',
}

export function readyOptions(given: FakeOllamaOptions): ReadyOptions {
  const options = { ...DEFAULTS, ...given }
  const { timeScale } = options
  return {
    ...options,
    keepAliveMs: options.keepAliveMs / timeScale,
    loadFixedMs: options.loadFixedMs / timeScale,
    loadBytesPerSecond: options.loadBytesPerSecond * timeScale,
    pullBytesPerSecond: options.pullBytesPerSecond * timeScale,
  }
}

export interface ModelSpeed {
  readonly prefill: number
  readonly decode: number
}

/** Tokens per second of one stream of a model that has the server to itself. */
export function speedOf(spec: ModelSpec, options: ReadyOptions): ModelSpeed {
  const { speedsForBytes, timeScale } = options
  const bySize = speedsForBytes === undefined ? 1 : speedsForBytes / (spec.sizeBytes ?? speedsForBytes)
  return {
    prefill: (spec.prefillTokensPerSecond ?? options.prefillTokensPerSecond * bySize) * timeScale,
    decode: (spec.tokensPerSecond ?? options.tokensPerSecond * bySize) * timeScale,
  }
}
