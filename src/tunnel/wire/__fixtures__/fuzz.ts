/** `npm run fuzz` multiplies the runs of every property here. */
export function runs(count: number): { readonly numRuns: number } {
  const factor = Number(process.env['CORRAL_FUZZ'] ?? '1')
  return { numRuns: Math.round(count * factor) }
}
