import * as z from 'zod'
import { enrolSshKey } from '../auth/enrol-ssh-key.ts'
import { importKeys } from '../auth/import-keys.ts'
import { issueKey } from '../auth/issue-key.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { ensureDefaultUser, grantedTerms } from './key-terms.ts'
import { keyView } from './key-view.ts'
import {
  createdKeySchema,
  importedKeysSchema,
  keyFilterSchema,
  keyImportSchema,
  keySchema,
  newKeySchema,
  newSshKeySchema,
  type KeyView,
} from './schemas.ts'

export const listKeysRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/keys',
  scope: 'admin',
  summary: 'List the keys, never their secrets',
  status: 200,
  input: keyFilterSchema,
  output: z.array(keySchema),
  async handle(context, { user }) {
    const views = await viewsOf(context, await context.store.listKeys())
    return user === undefined ? views : views.filter((key) => key.user === user)
  },
})

export const createKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys',
  scope: 'admin',
  summary: 'Create a key; the answer is the only place that ever has its secret',
  status: 201,
  input: newKeySchema,
  output: createdKeySchema,
  async handle(context, input) {
    const terms = grantedTerms(context, input)
    await ensureDefaultUser(context, input)
    const format = input.format === 'ollama-uuid' ? 'ollama-uuid' : 'corral'
    const issued = await issueKey(context, { ...terms, name: input.name, format })
    await context.changed()
    return { ...freshView(context, issued.record), secret: issued.secret }
  },
})

export const addSshKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/ssh',
  scope: 'admin',
  summary: 'Let an Ollama CLI in by its ed25519 public key',
  status: 201,
  input: newSshKeySchema,
  output: keySchema,
  async handle(context, input) {
    const terms = grantedTerms(context, input)
    await ensureDefaultUser(context, input)
    const record = await enrolSshKey(context, { ...terms, name: input.name, publicKey: input.public_key })
    await context.changed()
    return freshView(context, record)
  },
})

export const importKeysRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/import',
  scope: 'admin',
  summary: 'Accept keys that were made elsewhere, as they are',
  status: 200,
  input: keyImportSchema,
  output: importedKeysSchema,
  async handle(context, input) {
    const terms = grantedTerms(context, input)
    await ensureDefaultUser(context, input)
    const { imported, known } = await importKeys(context, { ...terms, text: input.text })
    await context.changed()
    return { imported: imported.map((record) => freshView(context, record)), known }
  },
})

export const revokeKeyRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/keys/:id',
  scope: 'admin',
  summary: 'End a key, given by id or name, and its running streams',
  status: 200,
  input: null,
  output: keySchema,
  async handle(context) {
    const record = await context.store.revokeKey(context.params['id'] ?? '')
    await context.changed()
    return freshView(context, record)
  },
})

async function viewsOf({ store, clock }: AdminContext, records: readonly KeyRecord[]): Promise<KeyView[]> {
  const users = await store.listUsers()
  const disabled = new Set(users.filter((user) => user.disabled).map((user) => user.id))
  const now = clock.now()
  return records.map((record) => keyView(record, { now, userDisabled: disabled.has(record.userId) }))
}

/** No key is made for a disabled user, so the state needs no look at the users. */
function freshView({ clock }: AdminContext, record: KeyRecord): KeyView {
  return keyView(record, { now: clock.now(), userDisabled: false })
}
