import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type GatewayOptions, type RunningGateway, startGateway } from '../../test/system/harness/start-gateway.ts'
import type { Target } from './target.ts'

export interface MeasuredServer extends Target, AsyncDisposable {
  readonly key: string
  /** The process whose CPU time and memory count. */
  readonly pid: number
  /** What its log of requests has grown to. */
  logBytes(): number
}

/** The stub answers any number of requests at a time: what is measured is the way, not a queue. */
export const STUB_SLOTS = 1000

/** Corral as users start it, with its request log on, in front of the stub; `key` is an ordinary one. */
export async function startCorral(upstreamUrl: string): Promise<MeasuredServer> {
  return measured(await startLogged({ upstreams: [{ name: 'stub', url: upstreamUrl, slots: STUB_SLOTS }] }))
}

/** With its request log on. */
export function startLogged(config: GatewayOptions['config']): Promise<RunningGateway> {
  return startGateway({ config: { ...config, log: { requests: 'logs/' } } })
}

export async function measured(gateway: RunningGateway): Promise<MeasuredServer> {
  const key = await gateway.createKey()
  const logs = join(gateway.folder, 'logs')
  return {
    url: gateway.url,
    key,
    pid: gateway.pid,
    // The folder comes with the first line.
    logBytes: () =>
      (existsSync(logs) ? readdirSync(logs) : []).reduce((sum, name) => sum + statSync(join(logs, name)).size, 0),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
