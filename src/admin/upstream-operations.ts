import { GatewayError } from '../errors/gateway-error.ts'
import { invalid } from '../auth/issue-key.ts'
import type { Hold, UpstreamTerms } from '../upstreams/upstream-tables.ts'
import { adminRoute, type AdminContext, type AdminRoute } from './admin-route.ts'
import { checkReach } from './reach.ts'
import { addedUpstreamSchema, newUpstreamSchema, upstreamSchema, type UpstreamView } from './upstream-schemas.ts'

export const addUpstreamRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/upstreams',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Add an Ollama, which is kept in the store; one of the same name in the config goes before it',
  status: 201,
  input: newUpstreamSchema,
  output: addedUpstreamSchema,
  async handle(context, { name, dry_run, ...terms }) {
    checkUnlimited(context)
    checkNew(context, name, terms)
    const probe = await context.upstreams.probe(name, terms)
    if (dry_run === true) return { upstream: null, probe }
    await context.commit(async ({ store, audit }) => {
      const records = await store.listUpstreams()
      // Somebody else may have been faster while it was asked.
      const rival = records.find((record) => record.added !== null && isSameName(record.name, name))
      if (rival !== undefined) throw taken(rival.name)
      const kept = records.find((record) => record.name === name)
      await store.keepUpstream({ name, hold: kept?.hold ?? null, added: terms })
      await audit('upstream.add', name, { url: terms.url, reachable: probe.reachable })
    })
    return { upstream: shown(context, name), probe }
  },
})

export const removeUpstreamRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/upstreams/:name',
  scope: 'admin',
  changes: 'by commit',
  summary: 'Remove an upstream that was added at run time; what runs there comes to its end',
  status: 200,
  input: null,
  output: upstreamSchema,
  async handle(context) {
    const upstream = found(context)
    if (upstream.origin === 'config') throw invalid(`Upstream "${upstream.name}" is in the config: remove it there`)
    if (upstream.origin === 'agent')
      throw invalid(`Upstream "${upstream.name}" is an agent: stop it there, disable it, or revoke its key`)
    await context.commit(async ({ store, audit }) => {
      await store.forgetUpstream(upstream.name)
      await audit('upstream.remove', upstream.name, { url: upstream.url })
    })
    return upstream
  },
})

export const drainUpstreamRoute = holdRoute('drain', {
  summary: 'Send an upstream nothing new, and let what runs there come to its end',
  hold: 'draining',
})

export const disableUpstreamRoute = holdRoute('disable', {
  summary: 'Use an upstream as if it were not there, until it is enabled again',
  hold: 'disabled',
})

export const enableUpstreamRoute = holdRoute('enable', {
  summary: 'Use an upstream again that was drained or disabled',
  hold: null,
})

export const wakeUpstreamRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/upstreams/:name/wake',
  scope: 'admin',
  changes: 'by commit',
  summary: "Wake an upstream's machine by Wake-on-LAN, and ask for it until it is up or its time is over",
  status: 200,
  input: null,
  output: upstreamSchema,
  async handle(context) {
    const { name, state, held, wake } = found(context)
    if (held !== null || state === 'disabled') throw invalid(`Upstream "${name}" is ${state}: enable it first`)
    if (wake === null)
      throw invalid(`Nothing says how to wake upstream "${name}": give it "wake" with the hardware address`)
    await context.commit(({ audit }) => audit('upstream.wake', name, {}))
    context.upstreams.wake(name)
    return shown(context, name)
  },
})

interface Holding {
  readonly summary: string
  readonly hold: Hold | null
}

function holdRoute(
  verb: 'drain' | 'disable' | 'enable',
  { summary, hold }: Holding,
): AdminRoute<unknown, UpstreamView> {
  return {
    method: 'POST',
    pattern: `/admin/upstreams/:name/${verb}`,
    scope: 'admin',
    changes: 'by commit',
    summary,
    status: 200,
    input: null,
    output: upstreamSchema,
    async handle(context) {
      const { name } = found(context)
      if (context.upstreams.configured(name)?.enabled === false)
        throw invalid(`Upstream "${name}" is switched off in the config: write "enabled: on" there`)
      await context.commit(async ({ store, audit }) => {
        const kept = (await store.listUpstreams()).find((record) => record.name === name)
        await store.keepUpstream({ name, hold, added: kept?.added ?? null })
        await audit(`upstream.${verb}`, name, {})
      })
      return shown(context, name)
    },
  }
}

/** What is added serves everybody. */
function checkUnlimited({ principal }: AdminContext): void {
  if (principal === 'operator' || principal.upstreams === null) return
  throw new GatewayError('model_denied', { message: 'A key that is limited to some upstreams adds none' })
}

function checkNew(context: AdminContext, name: string, terms: UpstreamTerms): void {
  context.upstreams.check(name, terms)
  const same = context.status().upstreams.find((upstream) => isSameName(upstream.name, name))
  if (same !== undefined) throw taken(same.name)
}

/** Two that differ in case only would be told apart by nobody. */
function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function taken(name: string): GatewayError {
  return new GatewayError('name_taken', { message: `There is an upstream "${name}" already` })
}

/** The upstream that the path names. */
function found(context: AdminContext): UpstreamView {
  const name = context.params['name'] ?? ''
  const upstream = shown(context, name)
  checkReach(context, { name, pool: upstream.agent?.pool ?? null })
  return upstream
}

function shown(context: AdminContext, name: string): UpstreamView {
  const upstream = context.status().upstreams.find((each) => each.name === name)
  if (upstream !== undefined) return upstream
  throw new GatewayError('not_found', { message: `There is no upstream ${JSON.stringify(name)}` })
}
