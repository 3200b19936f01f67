import type { Principal } from '../auth/principal.ts'

/** Where the events of one listener go. */
export interface EventPort {
  /** Whole events. False: the listener has not read what was sent before; nothing more is to be sent until it has. */
  send(text: string): boolean
  /** No more will come. */
  end(): void
  /** The same for one that does not read. */
  abandon(): void
}

/** One listener, as the events' source sees it. */
export interface EventListener {
  /** It has read what was sent. */
  drained(): void
  /** It has gone. */
  left(): void
}

export type EventSource = (port: EventPort) => EventListener

/** Whose exchanges somebody may see. */
export type Sight = 'all' | { readonly userId: string }

/** Who wants to hear of what happens. */
export interface LiveViewer {
  /** The events end with it. */
  readonly principal: Principal
  readonly role: 'admin' | 'member'
  readonly sight: Sight
  /** Whether the log is told too. */
  readonly logs: boolean
}
