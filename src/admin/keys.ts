import * as z from 'zod'
import { enrolSshKey } from '../auth/enrol-ssh-key.ts'
import { importKeys } from '../auth/import-keys.ts'
import { issueKey } from '../auth/issue-key.ts'
import { adminRoute } from './admin-route.ts'
import { findKey, findKeyView, viewOf } from './find-key.ts'
import { grantedKeyTerms } from './key-terms.ts'
import { auditedTerms, keyViews } from './key-view.ts'
import {
  createdKeySchema,
  importedKeysSchema,
  keyFilterSchema,
  keyImportSchema,
  keySchema,
  newKeySchema,
  newSshKeySchema,
} from './key-schemas.ts'

export const listKeysRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/keys',
  scope: 'admin',
  summary: 'List the keys, never their secrets',
  status: 200,
  input: keyFilterSchema,
  output: z.array(keySchema),
  async handle({ store, clock }, { user }) {
    const [keys, users] = await Promise.all([store.listKeys(), store.listUsers()])
    const views = keyViews(keys, users, clock.now())
    return user === undefined ? views : views.filter((key) => key.user === user)
  },
})

export const showKeyRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/keys/:id',
  scope: 'admin',
  summary: 'Show a key, given by id or name, never its secret',
  status: 200,
  input: null,
  output: keySchema,
  handle: (context) => findKeyView(context, context.params['id'] ?? ''),
})

export const createKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys',
  scope: 'admin',
  changes: true,
  summary: 'Create a key; the answer is the only place that ever has its secret',
  status: 201,
  input: newKeySchema,
  output: createdKeySchema,
  async handle(context, input) {
    const terms = await grantedKeyTerms(context, input)
    const format = input.format === 'ollama-uuid' ? 'ollama-uuid' : 'corral'
    const { record, secret } = await issueKey(context, { ...terms, name: input.name, format })
    const view = await viewOf(context, record)
    await context.audit('key.create', view.name, auditedTerms(view))
    return { ...view, secret }
  },
})

export const addSshKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/ssh',
  scope: 'admin',
  changes: true,
  summary: 'Let an Ollama CLI in by its ed25519 public key',
  status: 201,
  input: newSshKeySchema,
  output: keySchema,
  async handle(context, input) {
    const terms = await grantedKeyTerms(context, input)
    const record = await enrolSshKey(context, { ...terms, name: input.name, publicKey: input.public_key })
    const view = await viewOf(context, record)
    await context.audit('key.add-ssh', view.name, auditedTerms(view))
    return view
  },
})

export const importKeysRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/import',
  scope: 'admin',
  changes: true,
  summary: 'Accept keys that were made elsewhere, as they are',
  status: 200,
  input: keyImportSchema,
  output: importedKeysSchema,
  async handle(context, input) {
    const terms = await grantedKeyTerms(context, input)
    const { imported, known } = await importKeys(context, { ...terms, text: input.text })
    const views = keyViews(imported, await context.store.listUsers(), context.clock.now())
    const ids = views.map(({ id }) => id)
    const [first] = views
    await context.audit('key.import', terms.user, { ...(first && auditedTerms(first)), id: undefined, ids, known })
    return { imported: views, known }
  },
})

export const revokeKeyRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/keys/:id',
  scope: 'admin',
  changes: true,
  summary: 'End a key, given by id or name, and its running streams',
  status: 200,
  input: null,
  output: keySchema,
  async handle(context) {
    const { id } = await findKey(context, context.params['id'] ?? '')
    const view = await viewOf(context, await context.store.revokeKey(id))
    await context.audit('key.revoke', view.name, { id, user: view.user })
    return view
  },
})
