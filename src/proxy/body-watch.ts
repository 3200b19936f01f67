import type { ClientPort } from './client-port.ts'
import type { Admitted } from './proxy-request.ts'
import type { BodyStream } from './upstream.ts'

/** Sees what some clients send and what they are sent, without a part in it. */
export interface BodyWatch {
  /** What the exchange is to run with in place of its client and its body; undefined: nobody wants to see this one. */
  watch(client: ClientPort, admitted: Admitted): Watched | undefined
}

export interface Watched {
  readonly client: ClientPort
  readonly body: BodyStream | null
}
