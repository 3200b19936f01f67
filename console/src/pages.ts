import type { FunctionComponent } from 'preact'
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

/** In the order of the navigation; what comes first is where one arrives. */
export const pages: readonly Page[] = [
  { name: 'fleet', title: 'Fleet', members: false, component: FleetPage },
  { name: 'live', title: 'Live', members: true, component: LivePage },
]

export function pagesFor(role: 'admin' | 'member'): readonly Page[] {
  return pages.filter(({ members }) => members || role === 'admin')
}
