/**
 * Forgets what has left, but for some: an agent whose link was lost comes back as the machine that it was. The map is
 * in the order in which its names came.
 */
export function keepRecent(map: Map<string, unknown>, present: ReadonlySet<string>): void {
  const gone = [...map.keys()].filter((name) => !present.has(name))
  for (const name of gone.slice(0, Math.max(0, gone.length - MAX_GONE))) map.delete(name)
}

const MAX_GONE = 100
