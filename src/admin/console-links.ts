import { LINK_MS } from '../auth/console-session.ts'
import { createConsoleToken, createTokenDigester } from '../auth/console-token.ts'
import { invalid } from '../auth/issue-key.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { manager } from './asker.ts'
import { consoleLinkSchema, newLinkSchema } from './console-schemas.ts'
import { findKey, viewOf } from './find-key.ts'
import { keyViews } from './key-view.ts'

export const createLinkRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/console-links',
  scope: 'self',
  changes: true,
  summary: 'Make a link that logs in to the console once, within a minute, with the key that asks',
  status: 201,
  input: newLinkSchema,
  output: consoleLinkSchema,
  async handle(context, { key }) {
    const record = await keyFor(context, key)
    const { user, name, id } = await viewOf(context, record)
    const now = context.clock.now()
    const link = createConsoleToken()
    await context.store.removeLinksBefore(now)
    await context.store.createLink({
      digest: createTokenDigester(context.pepper).link(link),
      keyId: record.id,
      keyDigest: record.digest,
      expiresAt: now + LINK_MS,
    })
    await context.audit('console.link', name, { id, user })
    const expires_at = new Date(now + LINK_MS).toISOString()
    return { link, url: `/console/#link=${link}`, expires_at, user, key_name: name }
  },
})

async function keyFor(context: AdminContext, wanted: string | undefined): Promise<KeyRecord> {
  if (context.principal === 'operator') return usable(context, await operatorsKey(context, wanted))
  const { principal } = await manager(context)
  const record = await findKey(context, principal.keyId)
  if (wanted !== undefined && wanted !== record.id && wanted !== record.name)
    throw new GatewayError('missing_scope', { message: 'A key makes links for itself alone' })
  // The secret before the last rotation ends sooner than a session of its key would.
  if ((principal.expiresAt ?? null) !== record.expiresAt)
    throw new GatewayError('missing_scope', {
      message: `The key "${record.name}" was rotated: ask with its new secret`,
    })
  return record
}

/** Named, or else the oldest that may administer: the one of the first start, while it is there. */
async function operatorsKey(context: AdminContext, wanted: string | undefined): Promise<KeyRecord> {
  if (wanted !== undefined) return findKey(context, wanted)
  const records = await context.store.listKeys()
  const views = keyViews(records, await context.store.listUsers(), context.clock.now())
  const found = records.find((_, index) => {
    const view = views[index]
    return view?.state === 'active' && view.kind === 'key' && view.scopes.includes('admin')
  })
  if (found !== undefined) return found
  throw invalid('No key may administer: make one with "corral key create NAME --scope admin --scope chat"')
}

async function usable(context: AdminContext, record: KeyRecord): Promise<KeyRecord> {
  const { state, kind, scopes, name } = await viewOf(context, record)
  if (state !== 'active') throw invalid(`The key "${name}" is ${state}`)
  if (kind !== 'key') throw invalid(`The key "${name}" signs: only a key with a secret opens the console`)
  if (scopes.every((scope) => scope === 'agent' || scope === 'metrics'))
    throw invalid(`The key "${name}" is for agents or metrics: those open no console`)
  return record
}
