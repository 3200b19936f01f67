/** Paths that come back to where they began, its first name again at the end; of circles that share a way, one. */
export function findCircles(next: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = []
  const finished = new Set<string>()
  for (const start of next.keys()) {
    const path: string[] = []
    const open = new Set<string>()
    // Names still to be looked at, below each name of the path: no recursion, however long the chain.
    const pending: string[][] = [[start]]
    while (pending.length > 0) {
      const name = pending.at(-1)?.shift()
      if (name === undefined) {
        pending.pop()
        const left = path.pop()
        if (left !== undefined) {
          open.delete(left)
          finished.add(left)
        }
      } else if (open.has(name)) {
        circles.push([...path.slice(path.indexOf(name)), name])
      } else if (!finished.has(name)) {
        path.push(name)
        open.add(name)
        pending.push([...(next.get(name) ?? [])])
      }
    }
  }
  return circles
}
