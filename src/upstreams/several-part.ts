import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { Attempt, ResponseSink, UpstreamError } from '../proxy/upstream.ts'
import type { ProgressLine } from './several-progress.ts'
import type { PartEnding } from './several-verdict.ts'

/** Hears what becomes of one upstream's part. */
export interface PartListener {
  accepted(): void
  /** It answers with lines of progress, of which this is the next. */
  progressed(part: Part, line: ProgressLine): void
  /** Once. */
  ended(part: Part): void
  /** Once, last. */
  released(part: Part): void
  /** False: nothing more can be passed on now. */
  hasRoom(): boolean
}

const NEWLINE = 0x0a
/** Longer than any line of progress; of a whole answer, what is kept. */
const MOST_BYTES = 64 * 1024

const decoder = new TextDecoder()

/** One of several upstreams that do the same: reads its answer, and remembers how it ended. */
export class Part implements ResponseSink {
  readonly name: string
  readonly branch: number
  readonly #listener: PartListener
  attempt: Attempt | undefined
  /** It was told that there is no room. */
  paused = false
  #ending: PartEnding | undefined
  #released = false
  #head: { readonly status: number; readonly headers: RawHeaders } | null = null
  #streams = false
  /** Of lines: the one that is not whole yet; else the whole answer. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  #succeeded = false

  constructor(name: string, branch: number, listener: PartListener) {
    this.name = name
    this.branch = branch
    this.#listener = listener
  }

  get ending(): PartEnding | undefined {
    return this.#ending
  }

  get isReleased(): boolean {
    return this.#released
  }

  accepted(): void {
    this.#listener.accepted()
  }

  info(): void {}

  head(status: number, headers: RawHeaders): void {
    this.#head = { status, headers }
    const type = headerValue(headers, 'content-type')?.trimStart().toLowerCase() ?? ''
    this.#streams = status === 200 && type.startsWith('application/x-ndjson')
    if (status === 200 && type.startsWith('text/html')) this.#end(failure('bad-response'))
  }

  data(chunk: Uint8Array): boolean {
    if (this.#ending === undefined) {
      if (this.#streams) this.#readLines(chunk)
      else this.#hold(chunk)
    }
    this.paused = !this.#listener.hasRoom()
    return !this.paused
  }

  end(): void {
    if (this.#streams && this.#heldBytes > 0) this.#readLine()
    const { status, headers } = this.#head ?? { status: 502, headers: [] }
    if (status < 200 || status > 299) this.#end({ kind: 'refused', status, message: errorText(this.#text(), status) })
    else if (this.#streams && !this.#succeeded) this.#end(failure('reset'))
    else this.#end({ kind: 'done', status, headers, text: this.#streams ? '' : this.#text() })
  }

  fail(error: UpstreamError): void {
    this.#end({ kind: 'failed', error })
  }

  released(): void {
    if (this.#released) return
    this.#released = true
    this.#listener.released(this)
  }

  #readLines(chunk: Uint8Array): void {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end))
      this.#readLine()
      start = end + 1
    }
    this.#hold(chunk.subarray(start))
  }

  /** What is no JSON object, or longer than a line of progress can be, says nothing. */
  #readLine(): void {
    const line = parseLine(this.#text())
    this.#held = []
    this.#heldBytes = 0
    if (line === undefined || this.#ending !== undefined) return
    if (line.error !== undefined) return this.#end({ kind: 'refused', status: 500, message: line.error })
    this.#succeeded ||= line.progress.status === 'success'
    this.#listener.progressed(this, line.progress)
  }

  #hold(chunk: Uint8Array): void {
    if (this.#heldBytes <= MOST_BYTES && chunk.length > 0) this.#held.push(chunk)
    this.#heldBytes += chunk.length
  }

  #text(): string {
    if (this.#heldBytes > MOST_BYTES) return ''
    const bytes = new Uint8Array(this.#heldBytes)
    let at = 0
    for (const chunk of this.#held) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return decoder.decode(bytes)
  }

  #end(ending: PartEnding): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    this.#held = []
    this.#listener.ended(this)
  }
}

function failure(kind: 'bad-response' | 'reset'): PartEnding {
  return { kind: 'failed', error: { kind, executed: 'maybe' } }
}

function parseLine(text: string): { readonly error?: string; readonly progress: ProgressLine } | undefined {
  const value = parseObject(text)
  if (value === undefined) return undefined
  const { error, status, digest, total, completed } = value
  return {
    ...(typeof error === 'string' && { error }),
    progress: {
      ...(typeof status === 'string' && { status }),
      ...(typeof digest === 'string' && digest !== '' && { digest }),
      ...(typeof total === 'number' && { total }),
      ...(typeof completed === 'number' && { completed }),
    },
  }
}

/** Ollama's own sentence, or at least the status. */
function errorText(text: string, status: number): string {
  const error = parseObject(text)?.['error']
  return typeof error === 'string' && error !== '' ? error : `it answered ${status}`
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
