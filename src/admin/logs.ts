import { adminRoute } from './admin-route.ts'
import { logQuerySchema, logsSchema } from './log-schemas.ts'

export const listLogsRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/logs',
  scope: 'admin',
  summary: 'List what the log of the gateway said last',
  status: 200,
  input: logQuerySchema,
  output: logsSchema,
  handle: async ({ logs }, query) => logs(query),
})
