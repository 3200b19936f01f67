import type { QueueShare } from '../auth/principal.ts'
import type { Prompt } from '../proxy/prompt.ts'
import type { QueuePlace, RouteReceiver, RouteRequest, RouteTicket } from '../proxy/router.ts'
import type { Work } from './dispatch/work.ts'
import type { SelectRequest } from './selection/verdict.ts'

/** Of keys that say nothing of the queue. */
export const USUAL_SHARE: QueueShare = { class: 'interactive', weight: 1 }

/** What an errand asks of whoever runs it. */
export interface ErrandDesk {
  candidates(errand: Errand): readonly string[]
  cancelled(errand: Errand): void
  place(errand: Errand): QueuePlace | undefined
}

/** One request on its way to a place. `searching` waits for a list, or for somebody to wake or to come. */
export class Errand implements Work, RouteTicket {
  readonly request: RouteRequest
  readonly receiver: RouteReceiver
  readonly model: string
  readonly key: string
  readonly share: QueueShare
  readonly prompt: Prompt
  readonly brief: boolean
  readonly arrivedAt: number
  /** Runs a model: only that waits for slots. */
  readonly isForQueue: boolean
  waitingAt: number | undefined
  grantAt: number | undefined
  /** Empty until it joins one; see `lane-candidates.ts`. */
  lane = ''
  state: 'searching' | 'queued' | 'over' = 'searching'
  /** How often it was in the queue when nobody was left who may take it. */
  strandings = 0
  /** Ends what it waits for while it searches. */
  stopSearch: () => void = () => {}
  readonly #desk: ErrandDesk

  constructor(request: RouteRequest, receiver: RouteReceiver, desk: ErrandDesk) {
    const { principal, route } = request
    this.request = request
    this.receiver = receiver
    this.model = request.model ?? ''
    this.key = principal.keyId
    this.share = principal.queue ?? USUAL_SHARE
    this.prompt = request.prompt
    this.brief = route.scope === 'embed'
    this.arrivedAt = request.arrivedAt
    this.isForQueue = request.model !== null && route.kind === 'generate'
    this.#desk = desk
  }

  candidates(): readonly string[] {
    return this.#desk.candidates(this)
  }

  cancel(): void {
    if (this.state !== 'over') this.#desk.cancelled(this)
  }

  place(): QueuePlace | undefined {
    return this.state === 'queued' ? this.#desk.place(this) : undefined
  }
}

/** The lane of requests for a model that are kept to nobody, in an API that these `dialects` are spoken alike with. */
export function openLane(model: string, dialects: string): string {
  // No name has a line break.
  return `${model}\n${dialects}`
}

/** Requests for which the same upstreams are candidates have the same lane. */
export function laneOf({ principal, named = null, tried }: SelectRequest, open: string): string {
  let lane = open
  if (principal.upstreams !== null) lane += `\n@${principal.upstreams.join(',')}`
  if (named !== null) lane += `\n=${named.join(',')}`
  if (tried.size > 0) lane += `\n!${[...tried].toSorted().join(',')}`
  return lane
}
