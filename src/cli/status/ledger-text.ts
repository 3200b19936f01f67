import type { GatewayStatus } from '../../admin/schemas.ts'
import { shortTimeText } from './amounts.ts'

/** What is wrong with the ledger; undefined where nothing is. */
export function ledgerText(ledger: GatewayStatus['ledger'], now: number): string | undefined {
  const { failing_since, problem, waiting, lost, policy } = ledger
  if (failing_since === null) return lost === 0 ? undefined : `ledger: ${lost} rows were lost`
  const since = shortTimeText(now - Date.parse(failing_since))
  const parts = [
    `not written for ${since} (${problem ?? 'nobody knows why'})`,
    `${waiting} rows wait in memory`,
    ...(lost > 0 ? [`${lost} were lost`] : []),
    ...(policy === 'required' ? ['requests are refused'] : []),
  ]
  return `ledger: ${parts.join(', ')}`
}
