/** A longer cell pushes its own row aside and not all the others, which would break in a terminal of 80 columns. */
const WIDEST_ALIGNED = 28

/** Columns aligned with two spaces between them; the first row is the heading. */
export function renderTable(
  rows: readonly (readonly string[])[],
  styleCell: (text: string, at: CellPosition) => string,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(
      ...rows.map((row) => (row[column] ?? '').length).filter((width) => column === 0 || width <= WIDEST_ALIGNED),
    ),
  )
  return rows.map((cells, row) =>
    cells
      .map((text, column) => {
        const padding =
          column === cells.length - 1 ? '' : ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length) + 2)
        return styleCell(text, { row, column }) + padding
      })
      .join(''),
  )
}

export interface CellPosition {
  readonly row: number
  readonly column: number
}
