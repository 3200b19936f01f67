import { adminRoute } from './admin-route.ts'
import { statusSchema } from './schemas.ts'

export const statusRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/status',
  scope: 'admin',
  summary: 'Say how the gateway and its upstreams are',
  status: 200,
  input: null,
  output: statusSchema,
  handle: async (context) => context.status(),
})
