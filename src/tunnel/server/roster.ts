import type { Clock } from '../../lib/clock.ts'
import { closeCodes } from '../wire/codes.ts'
import type { AgentFacts, AgentSession } from './session.ts'

export interface AgentChange {
  readonly kind: 'joined' | 'left' | 'changed'
  readonly session: AgentSession
}

export interface RosterDeps {
  readonly clock: Clock
  startTimer(delayMs: number, run: () => void): () => void
}

/** Two processes that take an id from each other within this are both alive. */
const ALTERNATION_MS = 60_000
/** How long the models of an agent that left are away rather than unknown. */
const REMEMBER_MS = 600_000

interface Entry {
  readonly session: AgentSession
  /** Null while it is connected. */
  leftAt: number | null
}

/** Who is connected under which id, and who has left not long ago. */
export class Roster {
  readonly #deps: RosterDeps
  readonly #entries = new Map<string, Entry>()
  /** The process that was replaced last, by agent id. */
  readonly #replaced = new Map<string, { readonly instance: string; readonly at: number }>()
  readonly #listeners: ((change: AgentChange) => void)[] = []

  constructor(deps: RosterDeps) {
    this.#deps = deps
  }

  onChange(listener: (change: AgentChange) => void): void {
    this.#listeners.push(listener)
  }

  tell(kind: AgentChange['kind'], session: AgentSession): void {
    for (const listener of this.#listeners) listener({ kind, session })
  }

  /** Present, and not long gone. */
  sessions(): readonly AgentSession[] {
    return [...this.#entries.values()].map((entry) => entry.session)
  }

  connected(): readonly AgentSession[] {
    return [...this.#entries.values()].flatMap(({ session, leftAt }) => (leftAt === null ? [session] : []))
  }

  isConnected(session: AgentSession): boolean {
    const entry = this.#entries.get(session.id)
    return entry?.session === session && entry.leftAt === null
  }

  /** Who is connected under the id. */
  holder(id: string): AgentFacts | undefined {
    const entry = this.#entries.get(id)
    return entry?.leftAt === null ? entry.session.facts : undefined
  }

  /** Whether another process took the id from this one a moment ago, and has it still. */
  isAlternating({ id, instance }: { readonly id: string; readonly instance: string }): boolean {
    const before = this.#replaced.get(id)
    const holder = this.holder(id)
    if (before === undefined || holder === undefined || holder.instance === instance) return false
    return before.instance === instance && this.#deps.clock.now() - before.at < ALTERNATION_MS
  }

  /** The newer one has the id; a link that only seems to live shall not lock its own agent out. */
  join(session: AgentSession): void {
    const { id, host, instance } = session.facts
    const old = this.#entries.get(id)
    if (old !== undefined && old.leftAt === null) {
      const { instance: before } = old.session.facts
      if (before !== instance) this.#replaced.set(id, { instance: before, at: this.#deps.clock.now() })
      this.leave(old.session, 'a newer connection took its id')
      old.session.close(closeCodes.REPLACED, `Another connection took the id, from host ${host}`)
    }
    this.#entries.set(id, { session, leftAt: null })
    this.tell('joined', session)
  }

  /** May be told twice of one. */
  leave(session: AgentSession, reason: string): void {
    const entry = this.#entries.get(session.id)
    if (entry?.session !== session || entry.leftAt !== null) return
    entry.leftAt = this.#deps.clock.now()
    session.closed(reason)
    this.tell('left', session)
    this.#deps.startTimer(REMEMBER_MS, () => {
      if (this.#entries.get(session.id) !== entry) return
      this.#entries.delete(session.id)
      this.tell('changed', session)
    })
  }
}
