import * as z from 'zod'
import { adminRoute, type AdminRoute } from './admin-route.ts'
import { listAuditRoute } from './audit.ts'
import { createLinkRoute } from './console-links.ts'
import { changeKeyRoute, rotateKeyRoute } from './key-changes.ts'
import { addSshKeyRoute, createKeyRoute, importKeysRoute, listKeysRoute, revokeKeyRoute, showKeyRoute } from './keys.ts'
import { listModelsRoute } from './models.ts'
import { openApiDocument } from './openapi-document.ts'
import {
  createOwnKeyRoute,
  listOwnKeysRoute,
  revokeOwnKeyRoute,
  rotateOwnKeyRoute,
  showSelfRoute,
} from './own-things.ts'
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
  showUserRoute,
  changeUserRoute,
  disableUserRoute,
  enableUserRoute,
  deleteUserRoute,
  listKeysRoute,
  createKeyRoute,
  showKeyRoute,
  changeKeyRoute,
  rotateKeyRoute,
  addSshKeyRoute,
  importKeysRoute,
  revokeKeyRoute,
  showSelfRoute,
  listOwnKeysRoute,
  createOwnKeyRoute,
  rotateOwnKeyRoute,
  revokeOwnKeyRoute,
  listAuditRoute,
  statusRoute,
  explainRoute,
  listModelsRoute,
  usageRoute,
  createLinkRoute,
  openApiRoute,
]
