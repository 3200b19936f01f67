import type { Clock } from '../lib/clock.ts'
import type { Attempt, ResponseSink, Upstream } from '../proxy/upstream.ts'
import type { StartTimer } from '../routing/timer.ts'

/** A request of the gateway's own that an upstream answers line by line, for as long as that takes. */
export interface LineRequest {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly body: object
}

/** One line of an answer, as Ollama writes it. */
export type AnswerLine = Readonly<Record<string, unknown>>

export type LinesEnd =
  /** `error`: what it said went wrong, in its words. */
  | { readonly kind: 'answered'; readonly status: number; readonly error: string | null }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'stopped' }

export interface Following {
  readonly ended: Promise<LinesEnd>
  /** The upstream gives up what it was asked for. */
  stop(): void
}

export interface FollowLinesDeps {
  readonly clock: Clock
  readonly startTimer: StartTimer
}

/** Checking a large model says nothing for minutes. */
const LONGEST_SILENCE_MS = 30 * 60_000
const LOOK_EVERY_MS = 60_000
const MAX_LINE_CHARACTERS = 64 * 1024
const MAX_ERROR_CHARACTERS = 500

/** Sends a request and hears its answer. What is heard comes from a server that may write anything. */
export function createFollowLines({ clock, startTimer }: FollowLinesDeps) {
  return (upstream: Upstream, request: LineRequest, heard: (line: AnswerLine) => void): Following => {
    const { promise: ended, resolve } = Promise.withResolvers<LinesEnd>()
    let heardAt = clock.now()
    let cancelTimer = (): void => {}
    const end = (how: LinesEnd): void => {
      cancelTimer()
      resolve(how)
    }
    const sink = lineSink({
      line(line) {
        heardAt = clock.now()
        heard(line)
      },
      end,
    })
    const look = (): void => {
      if (clock.now() - heardAt < LONGEST_SILENCE_MS) return void (cancelTimer = startTimer(LOOK_EVERY_MS, look))
      end({ kind: 'failed', detail: `it was silent for ${LONGEST_SILENCE_MS / 60_000} minutes` })
      attempt.abort('timed-out')
    }
    look()
    const body = [new TextEncoder().encode(JSON.stringify(request.body))]
    const headers = ['accept', 'application/x-ndjson', 'user-agent', 'corral', 'content-type', 'application/json']
    // Calls nobody back before it has a value.
    const attempt: Attempt = upstream.send({ method: request.method, target: request.path, headers, body }, sink)
    return {
      ended,
      stop() {
        end({ kind: 'stopped' })
        attempt.abort('client-gone')
      },
    }
  }
}

interface LineListener {
  line(line: AnswerLine): void
  end(how: LinesEnd): void
}

function lineSink({ line, end }: LineListener): ResponseSink {
  const decoder = new TextDecoder()
  let status = 0
  let rest = ''
  let error: string | null = null
  const read = (text: string): void => {
    const parsed = parseLine(text)
    if (parsed === undefined) return
    if (typeof parsed['error'] === 'string') error = wordsOf(parsed['error'])
    line(parsed)
  }
  return {
    accepted: () => {},
    info: () => {},
    head: (code) => void (status = code),
    data(chunk) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS)
      lines.forEach(read)
      return true
    },
    end() {
      read(rest + decoder.decode())
      end({ kind: 'answered', status, error })
    },
    fail: ({ kind }) => end({ kind: 'failed', detail: failureWords(kind) }),
    released: () => {},
  }
}

function failureWords(kind: string): string {
  return kind === 'unreachable' ? 'it could not be reached' : `the connection to it broke (${kind})`
}

function parseLine(text: string): AnswerLine | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** In one line, and no longer than anybody reads. */
export function wordsOf(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_ERROR_CHARACTERS)
}
