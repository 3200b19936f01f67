import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminStream } from './admin-route.ts'
import { liveEvents, liveQuerySchema } from './live-schemas.ts'
import { sightOf } from './sight.ts'

export const liveStream: AdminStream<{ readonly logs: '0' | '1' }> = {
  method: 'GET',
  pattern: '/admin/live',
  scope: 'self',
  summary: 'Tell what happens while it does, as server-sent events; an admin hears of everybody',
  status: 200,
  input: liveQuerySchema,
  events: liveEvents,
  async open(context, { logs }) {
    const { principal } = context
    if (principal === 'operator') throw new GatewayError('missing_scope', { message: 'Only a key can listen' })
    const sight = await sightOf(context)
    const isAdmin = sight === 'all'
    if (logs === '1' && !isAdmin)
      throw new GatewayError('missing_scope', { message: 'The log is for keys with scope "admin"' })
    return context.live({ principal, role: isAdmin ? 'admin' : 'member', sight, logs: logs === '1' })
  },
}
