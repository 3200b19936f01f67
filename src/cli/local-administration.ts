import { createAdminApi } from '../admin/admin-api.ts'
import type { AdminRoute } from '../admin/admin-route.ts'
import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { openStore } from '../store/open-store.ts'
import { loadPepper } from '../store/pepper.ts'
import type { Administration, AdministrationRequest } from './administration.ts'
import { CommandFailure } from './command-failure.ts'
import { loadSettings } from './load-settings.ts'
import type { ConfigOptions } from './options.ts'
import { queryText } from './query-text.ts'
import type { Terminal } from './terminal.ts'

/** Changes the config's store directly, as whoever holds its files may; a running gateway notices by itself. */
export async function openLocalAdministration(terminal: Terminal, options: ConfigOptions): Promise<Administration> {
  const { settings } = await loadSettings(terminal, options)
  return administerStore(terminal, settings)
}

async function administerStore(terminal: Terminal, settings: Settings): Promise<Administration> {
  const store = await openStore(settings.store.url, { cwd: terminal.cwd })
  try {
    const pepper = await loadPepper({
      storeUrl: settings.store.url,
      store,
      pepper: settings.store.pepper ?? undefined,
      cwd: terminal.cwd,
      onWarning: (sentence) => terminal.say(`corral: ${sentence}`),
    })
    const api = createAdminApi({
      store,
      pepper,
      clock: systemClock,
      status: noStatus,
      explain: noStatus,
      models: noStatus,
      mayUseModel: noStatus,
      upstreams: { check: noStatus, probe: noStatus, configured: noStatus, wake: noStatus },
      jobs: { list: noStatus, onChange: noStatus, checkRoom: noStatus, start: noStatus, cancel: noStatus },
      usage: noStatus,
      exchanges: { list: noStatus, stop: noStatus },
      live: noStatus,
      logs: noStatus,
      config: noStatus,
      limitUses: noStatus,
      pools: () => settings.agents.pools.map((pool) => pool.name),
      changed: async () => {},
      refused: () => {},
    })
    return {
      async call<Input, Output>(
        route: AdminRoute<Input, Output>,
        { input, params = {} }: AdministrationRequest<Input> = {},
      ) {
        const body = new TextEncoder().encode(input === undefined ? '' : JSON.stringify(input))
        const answer = await api.handle(route, { query: queryText(route, input), params, body, principal: 'operator' })
        return route.output.parse(JSON.parse(answer.body))
      },
      close: () => store.close(),
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

function noStatus(): never {
  throw new CommandFailure('Only a running gateway has a status: give --server URL --key ADMINKEY')
}
