export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** Of each pair its ratio, of these the median: what slows the machine for a while slows both of a pair. */
export function medianRatio(values: readonly number[], yardstick: readonly number[]): number {
  return median(values.map((value, index) => value / (yardstick[index] ?? Number.NaN)))
}

/** Between the two nearest values; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = ((sorted.length - 1) * percent) / 100
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

/** Of the straight line that fits best (least squares). */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const products = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const squares = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return products / squares
}
