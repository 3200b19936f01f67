export interface Constraint {
  readonly factors: readonly number[]
  /** Not negative, so that doing nothing is allowed. */
  readonly atMost: number
}

const TINY = 1e-9

/**
 * The largest value of `goal` times x for x >= 0 under the constraints: Dantzig's simplex on a full tableau, with
 * Bland's rule, which cannot go round in circles. For tens of unknowns.
 */
export function maximise(goal: readonly number[], constraints: readonly Constraint[]): number {
  const rows = constraints.map(({ factors, atMost }, index) => [
    ...factors,
    ...constraints.map((_, other) => (other === index ? 1 : 0)),
    atMost,
  ])
  const prices = [...goal.map((value) => -value), ...constraints.map(() => 0), 0]
  const last = prices.length - 1
  const basis = constraints.map((_, index) => goal.length + index)
  for (;;) {
    const entering = prices.findIndex((price, column) => column < last && price < -TINY)
    if (entering < 0) return prices[last] ?? 0
    const leaving = leavingRow(rows, basis, entering)
    const pivot = rows[leaving]
    if (pivot === undefined) return Number.POSITIVE_INFINITY
    const scale = pivot[entering] ?? 1
    for (let column = 0; column <= last; column++) pivot[column] = (pivot[column] ?? 0) / scale
    for (const row of [...rows, prices]) if (row !== pivot) subtract(row, pivot, row[entering] ?? 0)
    basis[leaving] = entering
  }
}

/** The one that binds first; of equals the one with the lowest unknown. */
function leavingRow(rows: readonly number[][], basis: readonly number[], entering: number): number {
  let best = -1
  let bestRatio = Number.POSITIVE_INFINITY
  for (const [index, row] of rows.entries()) {
    const factor = row[entering] ?? 0
    if (factor <= TINY) continue
    const ratio = (row.at(-1) ?? 0) / factor
    const isTie = Math.abs(ratio - bestRatio) <= TINY && (basis[index] ?? 0) < (basis[best] ?? 0)
    if (ratio < bestRatio - TINY || isTie) {
      best = index
      bestRatio = ratio
    }
  }
  return best
}

function subtract(row: number[], pivot: readonly number[], times: number): void {
  if (times === 0) return
  for (let column = 0; column < row.length; column++) row[column] = (row[column] ?? 0) - times * (pivot[column] ?? 0)
}
