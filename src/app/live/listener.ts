import type { EventPort, LiveViewer } from '../../admin/live-viewer.ts'
import type { LiveEvents } from '../../admin/live-schemas.ts'
import { isSeen } from './exchanges.ts'
import type { RunningMark } from './running.ts'
import type { Snapshot } from './snapshot.ts'

/** A proxy or browser that hears nothing for long takes the connection for dead. */
const COMMENT_EVERY_MS = 15_000
/** Who reads nothing for so long has gone without saying so. */
const MAX_STALL_MS = 60_000

/** One look at everything, the same for all who listen. */
export interface Round {
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly running: readonly RunningMark[]
  readonly ended: { since(round: number): readonly EndedText[]; readonly forgottenRound: number }
  /** Undefined: it is not known yet. Another number with each change. */
  readonly status: Snapshot | undefined
  readonly jobs: Snapshot | undefined
  logSince(number: number): { readonly missed: number; readonly texts: readonly string[]; readonly next: number }
}

export interface EndedText {
  readonly userId: string | null
  readonly text: string
}

/**
 * What one listener was told, and what is next. Everything is told as the difference to the round that it heard last:
 * who reads slowly gets fewer events, and nothing waits for it in memory but the one that it has not read.
 */
export class LiveListener {
  readonly viewer: LiveViewer
  readonly #port: EventPort
  #isFull = false
  #lastRound = 0
  #statusVersion = 0
  #jobsVersion = 0
  #nextLogLine: number
  #lastSentAt = 0

  constructor(viewer: LiveViewer, port: EventPort, nextLogLine: number) {
    this.viewer = viewer
    this.#port = port
    this.#nextLogLine = nextLogLine
  }

  greet(hello: LiveEvents['hello'], now: number): void {
    this.#send(`retry: 1000\n\n${event('hello', JSON.stringify(hello))}`, now)
  }

  /** Called some times a second. */
  tell(round: Round): void {
    if (this.#isFull) {
      if (round.at - this.#lastSentAt >= MAX_STALL_MS) this.#port.abandon()
      return
    }
    const text = `${this.#exchanges(round)}${this.viewer.sight === 'all' ? this.#forAdmins(round) : ''}`
    this.#lastRound = round.number
    if (text !== '') this.#send(text, round.at)
    else if (round.at - this.#lastSentAt >= COMMENT_EVERY_MS) this.#send(': still here\n\n', round.at)
  }

  drained(): void {
    this.#isFull = false
  }

  end(): void {
    this.#port.end()
  }

  #exchanges({ at, running, ended }: Round): string {
    const last = this.#lastRound
    const whole = last === 0 || ended.forgottenRound > last
    const visible = running.filter(({ userId }) => this.#mayKnowOf(userId))
    const began = visible.filter(({ beganIn }) => whole || beganIn > last)
    const changed = whole ? [] : visible.filter(({ beganIn, changedIn }) => beganIn <= last && changedIn > last)
    const over = ended.since(whole ? 0 : last).filter(({ userId }) => this.#mayKnowOf(userId))
    if (!whole && began.length + changed.length + over.length === 0) return ''
    const lists = `"began":[${joined(began)}],"changed":[${joined(changed)}],"ended":[${joined(over)}]`
    return event('exchanges', `{"at":"${new Date(at).toISOString()}","whole":${whole},${lists}}`)
  }

  #forAdmins({ status, jobs, logSince }: Round): string {
    let text = ''
    if (status !== undefined && status.version !== this.#statusVersion) {
      this.#statusVersion = status.version
      text += event('status', status.text)
    }
    if (jobs !== undefined && jobs.version !== this.#jobsVersion) {
      this.#jobsVersion = jobs.version
      text += event('jobs', jobs.text)
    }
    if (!this.viewer.logs) return text
    const { missed, texts, next } = logSince(this.#nextLogLine)
    this.#nextLogLine = next
    return texts.length === 0 ? text : `${text}${event('log', `{"missed":${missed},"lines":[${texts.join(',')}]}`)}`
  }

  #mayKnowOf(userId: string | null): boolean {
    return isSeen(this.viewer.sight, userId)
  }

  #send(text: string, now: number): void {
    this.#lastSentAt = now
    this.#isFull = !this.#port.send(text)
  }
}

function joined(list: readonly { readonly text: string }[]): string {
  return list.map(({ text }) => text).join(',')
}

/** JSON has no line ends of its own. */
function event(name: keyof LiveEvents, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`
}
