import { type CloseCode, closeCodes } from '../wire/codes.ts'
import { type Hello, PROTOCOL_VERSION } from '../wire/greeting.ts'

export type Admission =
  | { readonly kind: 'admitted'; readonly pool: string }
  | { readonly kind: 'refused'; readonly code: CloseCode; readonly reason: string }

/** What the gateway knows when an agent greets it. */
export interface Circumstances {
  readonly isStopping: boolean
  readonly poolName: string | null
  readonly allowedPools: readonly string[]
  readonly isPool: boolean
  /** An upstream of the config has its id as its name. */
  readonly isTaken: boolean
  /** Who is connected under the id. */
  readonly holder: { readonly host: string; readonly sameKey: boolean } | null
  /** This very process was replaced by the holder a moment ago. */
  readonly alternating: boolean
}

/** Pure: whether an agent is let in. Reasons are read by people, and fit into a close frame (123 bytes). */
export function judgeHello(hello: Hello, at: Circumstances): Admission {
  const refused = (code: CloseCode, reason: string): Admission => ({ kind: 'refused', code, reason })
  if (at.isStopping) return refused(closeCodes.TRY_LATER, 'The gateway stops')
  if (!hello.versions.includes(PROTOCOL_VERSION)) {
    const older = Math.max(...hello.versions) < PROTOCOL_VERSION ? 'agent' : 'gateway'
    return refused(
      closeCodes.VERSION,
      `Protocol ${hello.versions.join()} meets ${PROTOCOL_VERSION}: upgrade the ${older}`,
    )
  }
  if (at.poolName === null) return refused(closeCodes.SCOPE, 'The key is of several pools: say which with --pool')
  if (!at.allowedPools.includes(at.poolName)) return refused(closeCodes.SCOPE, `The key is not of pool ${at.poolName}`)
  if (!at.isPool) return refused(closeCodes.SCOPE, `The gateway has no pool ${at.poolName}`)
  if (at.isTaken)
    return refused(closeCodes.REPLACED, `An upstream of the gateway is called ${hello.agentId}: choose another id`)
  if (at.holder !== null && !at.holder.sameKey) {
    return refused(closeCodes.REPLACED, `Id ${hello.agentId} is in use with another key, on host ${at.holder.host}`)
  }
  if (at.holder !== null && at.alternating) {
    return refused(
      closeCodes.REPLACED,
      `Id ${hello.agentId} is used on ${at.holder.host} and on ${hello.host}: give one another id`,
    )
  }
  return { kind: 'admitted', pool: at.poolName }
}
