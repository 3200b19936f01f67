import type { AdminRoute } from '../admin/admin-route.ts'

/** The management API as the commands call it, whichever side of a socket it is on. */
export interface Administration {
  call<Input, Output>(route: AdminRoute<Input, Output>, request?: AdministrationRequest<Input>): Promise<Output>
  close(): Promise<void>
}

export interface AdministrationRequest<Input> {
  readonly input?: Input
  readonly params?: Readonly<Record<string, string>>
}
