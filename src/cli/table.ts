/** Columns aligned with two spaces between them; the first row is the heading. */
export function renderTable(
  rows: readonly (readonly string[])[],
  styleCell: (text: string, at: CellPosition) => string,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((cells, row) =>
    cells
      .map((text, column) => {
        const padding = column === cells.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - text.length + 2)
        return styleCell(text, { row, column }) + padding
      })
      .join(''),
  )
}

export interface CellPosition {
  readonly row: number
  readonly column: number
}
