import type { RouteRequest } from '../proxy/router.ts'
import type { Errand } from './errand.ts'
import type { Fleet } from './fleet/fleet-state.ts'
import type { Selection } from './selection/select.ts'
import type { StartTimer } from './timer.ts'
import type { Waker } from './fleet/waker.ts'

export interface SearchDeps {
  readonly fleet: Pick<Fleet, 'onNews'>
  readonly startTimer: StartTimer
  readonly waker: Pick<Waker, 'wake'>
  /** Reads the lists again, bounded, because a model may have arrived past the gateway. */
  readonly learnModel: (model: string) => Promise<void>
  select(request: RouteRequest): Selection
}

/** What a request that finds nobody waits for. */
export interface Search {
  /** Whether there is something to wait for. */
  mayHelp(request: RouteRequest, selection: Selection): boolean
  /** Ends with what is left to select from; at once where the errand is cancelled. */
  forSomebody(errand: Errand, first: Selection): Promise<Selection>
  /** How long a request waits for an agent. */
  setAgentWait(ms: number): void
}

export function createSearch(deps: SearchDeps, initialAgentWaitMs: number): Search {
  let agentWaitMs = initialAgentWaitMs
  const waiting = new Set<() => void>()
  deps.fleet.onNews(() => {
    for (const lookAgain of [...waiting]) lookAgain()
  })
  const isWorthAgent = (selection: Selection): boolean => agentWaitMs > 0 && isAway(selection)

  const awaitAgent = (errand: Errand): Promise<Selection> =>
    new Promise((resolve) => {
      const conclude = (selection: Selection): void => {
        waiting.delete(lookAgain)
        cancelTimer()
        resolve(selection)
      }
      const lookAgain = (): void => {
        const selection = deps.select(errand.request)
        if (!isAway(selection) && !isNew(selection)) conclude(selection)
      }
      const giveUp = (): void => conclude(deps.select(errand.request))
      const cancelTimer = deps.startTimer(agentWaitMs, giveUp)
      waiting.add(lookAgain)
      errand.stopSearch = giveUp
    })

  return {
    mayHelp: (request, selection) =>
      selection.kind === 'asleep' || isDoubtful(request, selection) || isWorthAgent(selection),
    async forSomebody(errand, first) {
      const { request } = errand
      if (request.model !== null && isDoubtful(request, first)) await deps.learnModel(request.model)
      let selection = deps.select(request)
      // Nobody is woken for a client that has left meanwhile.
      if (errand.state !== 'searching') return selection
      if (selection.kind === 'asleep' && (await deps.waker.wake(selection.state.name))) selection = deps.select(request)
      return errand.state === 'searching' && isWorthAgent(selection) ? awaitAgent(errand) : selection
    },
    setAgentWait: (ms) => void (agentWaitMs = ms),
  }
}

/** Nobody who could serve it is there now; an agent may come. */
function isAway(selection: Selection): boolean {
  return selection.kind === 'none' && (selection.reason === 'no-upstream' || selection.reason === 'model-down')
}

/** Somebody has come, and what models they have is about to be known. */
function isNew(selection: Selection): boolean {
  if (selection.kind !== 'eligible' || selection.why !== 'model-unknown') return false
  return selection.states.every(({ models }) => models === null)
}

/** Worth a second look at the lists. A second attempt has had its look, and a pull brings the model itself. */
function isDoubtful(request: RouteRequest, selection: Selection): boolean {
  if (request.model === null || request.tried.size > 0 || request.route.pattern === '/api/pull') return false
  if (selection.kind === 'eligible') return selection.why === 'model-unknown'
  return selection.kind === 'none' && selection.reason === 'model-down'
}
