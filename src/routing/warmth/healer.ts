import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { AttemptOutcome } from '../../proxy/router.ts'
import type { ClaimListener } from '../claims.ts'
import type { Work } from '../dispatch/work.ts'
import type { Fleet } from '../fleet/fleet-state.ts'
import type { Estimates } from '../learning/estimates.ts'
import { loadedModels } from '../fleet/loaded-models.ts'
import type { StartTimer } from '../timer.ts'
import type { ModelLoader } from './model-loader.ts'
import { SilenceWatch, type Watched } from './silence-watch.ts'

/** Frees slots that an Ollama has lost to an abort, by unloading the model: what waits there is answered then. */
export interface Healer {
  /** Hears how a request fares at the server that it was sent to. */
  watch(work: Work, server: string, cold: boolean): ClaimListener
  stop(): void
}

export interface HealerDeps {
  readonly fleet: Pick<Fleet, 'get'>
  readonly estimates: Estimates
  readonly loader: Pick<ModelLoader, 'unload'>
  /** What a model takes on an upstream. */
  bytesOf(server: string, model: string): number
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly log: Log
}

const LOOK_EVERY_MS = 1000

export function createHealer(deps: HealerDeps): Healer {
  const { fleet, clock } = deps
  const book = new WatchBook()
  let cancelTimer: (() => void) | null = null
  let isStopped = false

  const look = (): void => {
    cancelTimer = null
    const now = clock.now()
    for (const { server, model, watch } of book.all()) {
      if (fleet.get(server) === undefined) book.forget(server)
      const silentMs = watch.isStuck(now)
      if (silentMs === undefined || !isLoaded(fleet, server, model)) continue
      watch.treated(now)
      heal(deps, { server, model, silentMs })
    }
    keepLooking()
  }
  const keepLooking = (): void => {
    if (cancelTimer !== null || isStopped || !book.isDoubtful()) return
    cancelTimer = deps.startTimer(LOOK_EVERY_MS, look)
  }
  const desk = { clock, keepLooking }

  return {
    watch(work, server, cold) {
      const watch = book.of(server, work.model)
      const request = watch.sent(clock.now(), () => expectedMs(deps, work, { server, cold }))
      if (watch.isDoubtful) keepLooking()
      return new SilenceListener(watch, request, desk)
    },
    stop() {
      isStopped = true
      cancelTimer?.()
    },
  }
}

interface HealerDesk {
  readonly clock: Clock
  keepLooking(): void
}

/** Tells a watch of one request. */
class SilenceListener implements ClaimListener {
  readonly #watch: SilenceWatch
  readonly #request: Watched
  readonly #desk: HealerDesk

  constructor(watch: SilenceWatch, request: Watched, desk: HealerDesk) {
    this.#watch = watch
    this.#request = request
    this.#desk = desk
  }

  began(): void {
    this.#watch.began(this.#request)
  }

  answered(): void {
    this.#watch.ended(this.#request)
  }

  released(outcome: AttemptOutcome): void {
    // What was cut, by whichever side, may have left its slot taken.
    if (outcome === 'cancelled' || outcome === 'broken') this.#watch.aborted(this.#request, this.#desk.clock.now())
    else this.#watch.ended(this.#request)
    if (this.#watch.isDoubtful) this.#desk.keepLooking()
  }
}

interface Stuck {
  readonly server: string
  readonly model: string
  readonly silentMs: number
}

function heal({ fleet, loader, log }: HealerDeps, { server, model, silentMs }: Stuck): void {
  const upstream = fleet.get(server)?.upstream
  if (upstream === undefined) return
  const fields = { upstream: server, model, silentMs: Math.round(silentMs) }
  log.warn(fields, 'a model has been silent since a request was given up: unloading it, to free its slot')
  void loader.unload(upstream, model)
}

/** Until the first byte, in a slot that is free. */
function expectedMs(
  { estimates, bytesOf }: HealerDeps,
  { model, prompt }: Work,
  { server, cold }: { readonly server: string; readonly cold: boolean },
): number {
  const loadMs = cold ? estimates.loadMs(server, bytesOf(server, model)) : 0
  return loadMs + prompt.tokens * estimates.pair(server, model).prefillMsPerToken + estimates.networkMs(server)
}

/** A watch per upstream and model, for as long as something runs there or may have left a mark, and longer for a few. */
class WatchBook {
  readonly #servers = new Map<string, Map<string, SilenceWatch>>()

  of(server: string, model: string): SilenceWatch {
    const watch = this.#servers.get(server)?.get(model)
    return watch ?? this.#add(server, model)
  }

  #add(server: string, model: string): SilenceWatch {
    const models = this.#servers.get(server) ?? new Map<string, SilenceWatch>()
    this.#servers.set(server, models)
    if (models.size >= KEPT_WATCHES) for (const [name, { isIdle }] of models) if (isIdle) models.delete(name)
    const watch = new SilenceWatch()
    models.set(model, watch)
    return watch
  }

  *all(): Iterable<{ readonly server: string; readonly model: string; readonly watch: SilenceWatch }> {
    for (const [server, models] of this.#servers) for (const [model, watch] of models) yield { server, model, watch }
  }

  isDoubtful(): boolean {
    for (const { watch } of this.all()) if (watch.isDoubtful) return true
    return false
  }

  forget(server: string): void {
    this.#servers.delete(server)
  }
}

/** Of each upstream, idle ones included. */
const KEPT_WATCHES = 50

/** While it is being loaded, silence is what is expected of it. */
function isLoaded(fleet: Pick<Fleet, 'get'>, server: string, model: string): boolean {
  const state = fleet.get(server)
  if (state === undefined || state.health !== 'up' || state.provider !== null) return false
  return loadedModels(state).some((each) => each.model === model)
}
