import * as z from 'zod'
import { adminRoute, type AdminRoute } from './admin-route.ts'
import { addSshKeyRoute, createKeyRoute, importKeysRoute, listKeysRoute, revokeKeyRoute } from './keys.ts'
import { listModelsRoute } from './models.ts'
import { openApiDocument } from './openapi-document.ts'
import { explainRoute } from './route-explain.ts'
import { statusRoute } from './status.ts'
import { usageRoute } from './usage.ts'
import { changeUserRoute, deleteUserRoute } from './user-changes.ts'
import { createUserRoute, disableUserRoute, enableUserRoute, listUsersRoute, showUserRoute } from './users.ts'

const openApiRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/openapi.json',
  scope: 'admin',
  summary: 'Describe this API',
  status: 200,
  input: null,
  output: z.record(z.string(), z.unknown()),
  handle: async () => openApiDocument(adminRoutes),
})

/** The whole management API. */
export const adminRoutes: readonly AdminRoute[] = [
  listUsersRoute,
  createUserRoute,
  disableUserRoute,
  enableUserRoute,
  listKeysRoute,
  createKeyRoute,
  addSshKeyRoute,
  importKeysRoute,
  revokeKeyRoute,
  statusRoute,
  explainRoute,
  listModelsRoute,
  openApiRoute,
]
  usageRoute,
