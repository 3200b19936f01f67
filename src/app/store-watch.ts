import type { Log } from '../lib/log.ts'
import type { Store } from '../store/open-store.ts'

export interface StoreWatch {
  stop(): void
}

const LOOK_EVERY_MS = 1000

/** Says once when the store cannot be used, and once when it can again. */
export function watchStore({ store, log }: { readonly store: Pick<Store, 'problem'>; readonly log: Log }): StoreWatch {
  let told: string | null = null
  function look(): void {
    const problem = store.problem()
    if (problem === told) return
    if (problem === null) log.info({}, 'The store can be used again')
    else
      log.error({ problem }, 'The store cannot be used; the keys known before still hold, and nothing can be changed')
    told = problem
  }
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return { stop: () => clearInterval(timer) }
}
