import * as z from 'zod'
import { adminRoute, type AdminRoute, type AdminStream } from './admin-route.ts'
import { listAuditRoute } from './audit.ts'
import { createLinkRoute } from './console-links.ts'
import { showConfigRoute } from './config.ts'
import { listExchangesRoute, stopExchangeRoute } from './exchanges.ts'
import { changeKeyRoute, rotateKeyRoute } from './key-changes.ts'
import { addSshKeyRoute, createKeyRoute, importKeysRoute, listKeysRoute, revokeKeyRoute, showKeyRoute } from './keys.ts'
import { liveStream } from './live.ts'
import { listLogsRoute } from './logs.ts'
import { cancelJobRoute, deleteModelRoute, listJobsRoute, pullModelRoute, syncModelsRoute } from './model-jobs.ts'
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
import {
  addUpstreamRoute,
  disableUpstreamRoute,
  drainUpstreamRoute,
  enableUpstreamRoute,
  removeUpstreamRoute,
  wakeUpstreamRoute,
} from './upstream-operations.ts'
import { ownUsageRoute, usageRoute } from './usage.ts'
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
  handle: async () => openApiDocument(adminRoutes, adminStreams),
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
  pullModelRoute,
  deleteModelRoute,
  syncModelsRoute,
  listJobsRoute,
  cancelJobRoute,
  addUpstreamRoute,
  removeUpstreamRoute,
  drainUpstreamRoute,
  disableUpstreamRoute,
  enableUpstreamRoute,
  wakeUpstreamRoute,
  usageRoute,
  ownUsageRoute,
  listExchangesRoute,
  stopExchangeRoute,
  listLogsRoute,
  showConfigRoute,
  createLinkRoute,
  openApiRoute,
]

/** Those of its lines that are answered with events. */
export const adminStreams: readonly AdminStream[] = [liveStream]
