import type { AdminRoute } from './admin-route.ts'
import { consoleSessionSchema, loggedOutSchema, logInSchema } from './console-schemas.ts'

/** A line that is told of as those of the management API are, and answered elsewhere: it deals in cookies. */
export type ConsoleRoute = Pick<AdminRoute, 'method' | 'pattern' | 'summary' | 'status' | 'input' | 'output'>

const pattern = '/console/session'

export const consoleRoutes: readonly ConsoleRoute[] = [
  {
    method: 'POST',
    pattern,
    summary: 'Log in to the console; the answer sets a cookie',
    status: 200,
    input: logInSchema,
    output: consoleSessionSchema,
  },
  {
    method: 'GET',
    pattern,
    summary: 'Say whose session the cookie is of',
    status: 200,
    input: null,
    output: consoleSessionSchema,
  },
  {
    method: 'DELETE',
    pattern,
    summary: 'Log out, which ends every event stream of the session',
    status: 200,
    input: null,
    output: loggedOutSchema,
  },
]
