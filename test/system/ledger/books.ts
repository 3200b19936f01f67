import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { UsageRow } from '../../../src/ledger/usage.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'

/** A row of the ledger, as it is in the store. */
export interface BookedExchange {
  readonly exchange: string
  readonly user: string | null
  readonly key_name: string | null
  readonly route: string
  readonly dialect: string
  readonly model_asked: string | null
  readonly model: string | null
  readonly upstream: string | null
  readonly agent: string | null
  readonly attempts: number
  readonly status: number
  readonly ending: string
  readonly error: string | null
  readonly bytes_in: number
  readonly bytes_out: number
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly first_token_ms: number | null
  readonly total_ms: number
}

export function databaseOf({ folder }: Pick<RunningGateway, 'folder'>): string {
  return join(folder, 'corral.db')
}

/** What the gateway says was used; it writes first what it still has in memory. */
export async function usageOf(gateway: RunningGateway, query = '', key = gateway.adminKey): Promise<UsageRow[]> {
  const response = await fetch(`${gateway.url}/admin/usage?${query}`, { headers: { authorization: `Bearer ${key}` } })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`the usage cannot be had: ${response.status} ${text}`)
  return JSON.parse(text) as UsageRow[]
}

/** All rows, in the order in which the exchanges were over. */
export async function bookedExchanges(gateway: RunningGateway): Promise<BookedExchange[]> {
  await usageOf(gateway)
  return readRows(gateway) as unknown as BookedExchange[]
}

export function readRows(gateway: Pick<RunningGateway, 'folder'>, sql = 'SELECT * FROM exchanges ORDER BY id') {
  const database = new DatabaseSync(databaseOf(gateway), { readOnly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

export interface LedgerFacts {
  readonly written: number
  readonly waiting: number
  readonly lost: number
  readonly failing_since: string | null
  readonly problem: string | null
}

export async function ledgerStatus(gateway: RunningGateway, key = gateway.adminKey): Promise<LedgerFacts> {
  const response = await fetch(`${gateway.url}/admin/status`, { headers: { authorization: `Bearer ${key}` } })
  const { ledger } = (await response.json()) as { ledger: LedgerFacts }
  return ledger
}

export async function untilLedger(
  gateway: RunningGateway,
  isWanted: (facts: LedgerFacts) => boolean,
  key?: string,
): Promise<LedgerFacts> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const facts = await ledgerStatus(gateway, key)
    if (isWanted(facts)) return facts
    if (performance.now() > deadline) throw new Error(`the ledger is not as awaited: ${JSON.stringify(facts)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
