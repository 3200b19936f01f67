import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningGateway } from '../../system/harness/start-gateway.ts'

/** What the gateway tells an admin of what runs and waits. */
export interface StatusShown {
  readonly upstreams: readonly UpstreamShown[]
  readonly queue: { readonly waiting: number }
}

export interface UpstreamShown {
  readonly name: string
  readonly url: string
  readonly state: string
  readonly priority: number
  readonly running: number
  readonly waiting: number
  readonly models: readonly string[]
  readonly loaded: readonly { readonly model: string; readonly running: number; readonly slots: number | null }[]
}

export async function shownStatus(gateway: RunningGateway): Promise<StatusShown> {
  const response = await fetch(`${gateway.url}/admin/status`, {
    headers: { authorization: `Bearer ${gateway.adminKey}` },
  })
  if (response.status !== 200) throw new Error(`/admin/status answered ${response.status}`)
  return (await response.json()) as StatusShown
}

/** Resolves with the first status that satisfies; rejects with the last that did not. */
export async function untilStatus(
  gateway: RunningGateway,
  satisfied: (status: StatusShown) => boolean,
  timeoutMs = 20_000,
): Promise<StatusShown> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const status = await shownStatus(gateway)
    if (satisfied(status)) return status
    if (performance.now() > deadline) {
      throw new Error(`the status is not as awaited: ${countsOf(status)}\n${gateway.stderr().slice(-1_000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function isAtRest({ upstreams, queue }: StatusShown): boolean {
  return queue.waiting === 0 && upstreams.every((each) => each.waiting === 0 && each.running + slotsTaken(each) === 0)
}

/** Of all its models. */
export function slotsTaken({ loaded }: UpstreamShown): number {
  return loaded.reduce((sum, { running }) => sum + running, 0)
}

export function countsOf({ upstreams, queue }: StatusShown): string {
  const shown = upstreams.map(({ name, state, running, waiting, loaded }) => {
    return { name, state, running, waiting, slots: loaded.map((each) => `${each.model} ${each.running}/${each.slots}`) }
  })
  return JSON.stringify({ waiting: queue.waiting, upstreams: shown })
}

/** Puts another config in place of the old one; some time later it holds, and `untilStatus` tells when. */
export async function giveConfig(gateway: RunningGateway, config: object): Promise<void> {
  // Never half a file: it is watched.
  const store = { url: `sqlite:${join(gateway.folder, 'corral.db')}` }
  await writeFile(`${gateway.configFile}.next`, JSON.stringify({ store, ...config }))
  await rename(`${gateway.configFile}.next`, gateway.configFile)
  process.kill(gateway.pid, 'SIGHUP')
}
