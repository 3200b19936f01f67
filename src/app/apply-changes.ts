import type { Log } from '../lib/log.ts'
import type { Agents } from './agents.ts'
import type { FleetDesk } from './fleet-desk.ts'
import type { Generations } from './generations.ts'
import type { KeyWatch } from './key-watch.ts'

export interface ApplyChangesDeps {
  readonly keys: Pick<KeyWatch, 'changed'>
  readonly desk: Pick<FleetDesk, 'refresh' | 'settings'>
  readonly agents: Pick<Agents, 'configure'>
  readonly log: Log
}

type Traffic = Pick<Generations, 'replace' | 'membersChanged'>

/** Has what the management API wrote into the store hold in this gateway when it resolves. Never rejects. */
export function createApplyChanges(
  { keys, desk, agents, log }: ApplyChangesDeps,
  traffic: () => Traffic,
): () => Promise<void> {
  async function applyFleet(): Promise<void> {
    const change = await desk.refresh()
    if (change === 'members') traffic().membersChanged()
    if (change !== 'upstreams') return
    agents.configure(desk.settings)
    traffic().replace(desk.settings)
  }
  return async () => {
    await keys.changed()
    await applyFleet().catch((error: unknown) => {
      log.error({ err: error }, 'What is kept of upstreams could not be read; what was known before still holds')
    })
  }
}
