/** What a handler of Ollama answers instead of its result. */
export class OllamaError extends Error {
  readonly status: number
  readonly extra: Readonly<Record<string, string>>

  constructor(status: number, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.extra = extra
  }
}

/** The client left; nobody is there to be answered. */
export class ClientGone extends Error {}

export const SERVER_BUSY = 'server busy, please try again.  maximum pending requests exceeded'
export const RUNNER_DIED = 'an error was encountered while running the model: unexpected EOF'
