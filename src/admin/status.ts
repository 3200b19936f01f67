import type * as z from 'zod'
import { adminRoute, type AdminDeps } from './admin-route.ts'
import { limitUsesSchema, limitUsesView } from './limit-schemas.ts'
import { statusSchema } from './schemas.ts'

export const wholeStatusSchema = statusSchema
  .extend({
    limits: limitUsesSchema.meta({ description: 'The hundred of which most is used, the fullest first' }),
  })
  .meta({ id: 'WholeStatus' })

export type WholeStatus = z.output<typeof wholeStatusSchema>

export const statusRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/status',
  scope: 'admin',
  summary: 'Say how the gateway and its upstreams are',
  status: 200,
  input: null,
  output: wholeStatusSchema,
  handle: wholeStatus,
})

export async function wholeStatus({
  status,
  limitUses,
}: Pick<AdminDeps, 'status' | 'limitUses'>): Promise<WholeStatus> {
  return { ...status(), limits: limitUsesView(await limitUses('everybody')) }
}
