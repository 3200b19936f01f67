import type { FunctionComponent } from 'preact'
import { lazy } from './lazy.tsx'
import { FleetPage } from './pages/fleet/fleet-page.tsx'
import { LivePage } from './pages/live/live-page.tsx'

export interface Page {
  /** As in `#/fleet`. */
  readonly name: string
  readonly title: string
  /** Whether members see it too. */
  readonly members: boolean
  readonly component: FunctionComponent
}

/** In the order of the navigation; what comes first is where one arrives, and comes with the page itself. */
const pages: readonly Page[] = [
  { name: 'fleet', title: 'Fleet', members: false, component: FleetPage },
  { name: 'live', title: 'Live', members: true, component: LivePage },
  {
    name: 'models',
    title: 'Models',
    members: false,
    component: lazy(async () => (await import('./pages/models/models-page.tsx')).ModelsPage),
  },
  {
    name: 'usage',
    title: 'Usage',
    members: true,
    component: lazy(async () => (await import('./pages/usage/usage-page.tsx')).UsagePage),
  },
  {
    name: 'keys',
    title: 'Keys',
    members: true,
    component: lazy(async () => (await import('./pages/keys/keys-page.tsx')).KeysPage),
  },
  {
    name: 'users',
    title: 'Users',
    members: false,
    component: lazy(async () => (await import('./pages/users/users-page.tsx')).UsersPage),
  },
  {
    name: 'route',
    title: 'Route',
    members: false,
    component: lazy(async () => (await import('./pages/route/route-page.tsx')).RoutePage),
  },
  {
    name: 'playground',
    title: 'Playground',
    members: true,
    component: lazy(async () => (await import('./pages/playground/playground-page.tsx')).PlaygroundPage),
  },
  {
    name: 'logs',
    title: 'Logs',
    members: false,
    component: lazy(async () => (await import('./pages/logs/logs-page.tsx')).LogsPage),
  },
  {
    name: 'config',
    title: 'Config',
    members: false,
    component: lazy(async () => (await import('./pages/config/config-page.tsx')).ConfigPage),
  },
  {
    name: 'audit',
    title: 'Audit',
    members: false,
    component: lazy(async () => (await import('./pages/audit/audit-page.tsx')).AuditPage),
  },
]

export function pagesFor(role: 'admin' | 'member'): readonly Page[] {
  return pages.filter(({ members }) => members || role === 'admin')
}
