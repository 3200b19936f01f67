import { adminRoute } from './admin-route.ts'
import { effectiveConfigSchema } from './config-schemas.ts'

export const showConfigRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/config',
  scope: 'admin',
  summary: 'Show every setting that holds and where it came from, and why the last reload was refused',
  status: 200,
  input: null,
  output: effectiveConfigSchema,
  handle: async ({ config }) => config(),
})
