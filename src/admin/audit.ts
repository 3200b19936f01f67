import * as z from 'zod'
import type { AuditRecord } from '../auth/audit.ts'
import { adminRoute } from './admin-route.ts'

const auditSchema = z
  .object({
    at: z.iso.datetime(),
    user: z.string().nullable().meta({ description: 'Who did it; null: at the machine, with the command line' }),
    key: z.string().nullable().meta({ description: 'Name of the key that was used' }),
    key_id: z.string().nullable(),
    action: z.string().meta({ description: 'Such as key.create; refused: somebody tried who may not' }),
    subject: z.string().meta({ description: 'The user or key that it was done to; the route that was refused' }),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' })

export type AuditView = z.output<typeof auditSchema>

const auditFilterSchema = z.object({
  since_seconds: z.coerce
    .number()
    .int()
    .min(1)
    .max(100 * 365 * 24 * 60 * 60)
    .optional()
    .meta({ description: 'Only what is not older than this' }),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000).meta({ description: 'How many at most, the newest' }),
})

export const listAuditRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/audit',
  scope: 'admin',
  summary: 'List what was done to users and keys, and by whom, the newest first',
  status: 200,
  input: auditFilterSchema,
  output: z.array(auditSchema),
  async handle({ store, clock }, { since_seconds, limit }) {
    const since = since_seconds === undefined ? 0 : clock.now() - since_seconds * 1000
    return (await store.listAudit({ since, limit })).map(auditView)
  },
})

function auditView({ at, actor, action, subject, detail }: AuditRecord): AuditView {
  const who = { user: actor?.user ?? null, key: actor?.keyName ?? null, key_id: actor?.keyId ?? null }
  return { at: new Date(at).toISOString(), ...who, action, subject, detail: { ...detail } }
}
