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
  /** Disk to memory; a load takes size / bandwidth. */
  readonly loadBytesPerSecond?: number
  readonly tokensPerSecond?: number
  readonly prefillTokensPerSecond?: number
  readonly answerTokens?: number
  readonly charactersPerToken?: number
  /** Whether `prompt_eval_count` includes tokens found in the prefix cache, as the recordings show. */
  readonly cachedTokensCounted?: boolean
  /** Active in Ollama only where it is bound to loopback. */
  readonly hostCheck?: boolean
  /** What a pull can find; left out, it finds every name but those that begin with `missing`. */
  readonly registry?: Readonly<Record<string, number>>
  readonly pullBytesPerSecond?: number
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
  loadBytesPerSecond: Infinity,
  tokensPerSecond: Infinity,
  prefillTokensPerSecond: Infinity,
  answerTokens: 24,
  charactersPerToken: 4,
  cachedTokensCounted: true,
  hostCheck: true,
  pullBytesPerSecond: Infinity,
  upgrades: 'ignore',
}

export function readyOptions(options: FakeOllamaOptions): ReadyOptions {
  return { ...DEFAULTS, ...options }
}
