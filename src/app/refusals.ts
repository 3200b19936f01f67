import { actorOf } from '../admin/admin-api.ts'
import { type AuditEntry, REFUSED } from '../auth/audit.ts'
import type { KeyStore } from '../auth/key-store.ts'
import { scopeDenied } from '../auth/policy.ts'
import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import type { Route } from '../proxy/route.ts'

/** Who tried what they may not, on its way into the audit log. */
export interface Refusals {
  note(entry: AuditEntry): void
  /** What a key that may not use a route is told; the audit log hears of it where the route is an administrative one. */
  denied(principal: Principal, route: Route): GatewayError
  /** Writes what is left. */
  close(): Promise<void>
}

export interface RefusalsDeps {
  readonly store: Pick<KeyStore, 'note'>
  readonly log: Log
}

const WRITE_MS = 1000
/** Per write: whoever tries a thousand times a second has said it by then. */
const MOST_AT_ONCE = 20

interface Waiting {
  readonly entry: AuditEntry
  times: number
}

export function createRefusals({ store, log }: RefusalsDeps): Refusals {
  let waiting: Waiting[] = []
  let unnamed = 0
  const timer = setInterval(() => void write(), WRITE_MS).unref()

  function note(entry: AuditEntry): void {
    const same = waiting.find((other) => isSame(other.entry, entry))
    if (same !== undefined) same.times++
    else if (waiting.length < MOST_AT_ONCE) waiting.push({ entry, times: 1 })
    else unnamed++
  }

  /** Kept for the next time where another process holds the database. Never rejects. */
  async function write(): Promise<void> {
    if (waiting.length === 0) return
    const [written, others] = [waiting, unnamed]
    waiting = []
    unnamed = 0
    try {
      const isDone = await store.note(async (tables) => {
        for (const { entry, times } of written) await tables.writeAudit(times === 1 ? entry : repeated(entry, times))
        if (others > 0) await tables.writeAudit(summary(others))
      })
      if (isDone) return
    } catch (error) {
      log.error({ err: error }, 'The audit log could not be written')
    }
    waiting = [...written, ...waiting].slice(0, MOST_AT_ONCE)
    unnamed += others
  }

  return {
    note,
    denied(principal, route) {
      const error = scopeDenied(principal, route.scope)
      const isAdministrative = route.scope === 'admin' || route.scope === 'self'
      const subject = `${route.method} ${route.pattern}`
      if (isAdministrative)
        note({ actor: actorOf(principal), action: REFUSED, subject, detail: { reason: error.message } })
      return error
    },
    async close() {
      clearInterval(timer)
      await write()
    },
  }
}

function isSame(one: AuditEntry, other: AuditEntry): boolean {
  return one.subject === other.subject && one.actor?.keyId === other.actor?.keyId
}

function repeated(entry: AuditEntry, times: number): AuditEntry {
  return { ...entry, detail: { ...entry.detail, times } }
}

function summary(others: number): AuditEntry {
  return { actor: null, action: REFUSED, subject: 'others', detail: { times: others } }
}
