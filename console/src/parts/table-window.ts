/** What is seen of a table: how far it is scrolled, how high its box and a row are, in pixels. */
export interface Seen {
  readonly top: number
  readonly height: number
  readonly row: number
}

/** Drawn beyond what is seen, so that scrolling meets rows. */
const BEYOND = 12
/** Up to this many are drawn whole: the find of the browser sees them all. */
const FEW = 60

/** Which rows to draw: from `first`, before `end`. */
export function windowOf({ top, height, row }: Seen, count: number): { readonly first: number; readonly end: number } {
  if (count <= FEW) return { first: 0, end: count }
  const shown = Math.ceil(height / row) + 2 * BEYOND
  const first = Math.max(0, Math.min(Math.floor(top / row) - BEYOND, count - shown))
  return { first, end: Math.min(count, first + shown) }
}
