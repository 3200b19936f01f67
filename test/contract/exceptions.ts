/** What a client gets otherwise than from Ollama, and why. */
export interface Exception {
  readonly reason: string
  /** Left out: the status is Ollama's. */
  readonly status?: number
  /** Left out: the bytes are Ollama's. A function says what is wrong, or undefined. */
  readonly body?: (ours: string, recorded: string) => string | undefined
  /** In place of the recorded `content-type`. */
  readonly contentType?: string | null
  /** Whether Corral answers without asking the upstream. */
  readonly unasked?: boolean
}

/** By fixture name. Everything that is not here is byte for byte what Ollama said. */
export const exceptions: Readonly<Record<string, Exception>> = {}
