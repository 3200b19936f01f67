/** A column of a table that has to fit a width. */
export interface FittedColumn {
  readonly heading: string
  readonly align: 'left' | 'right'
  /** Where there is no room for all, the highest number goes first; 0 stays, shortened if need be. */
  readonly spare: number
}

export interface FittedCell {
  readonly text: string
  /** Null: as it is. */
  readonly tone: Tone | null
}

export type Tone = 'good' | 'bad' | 'doubtful' | 'faint' | 'heading'

export type Paint = (tone: Tone, text: string) => string

const GAP = 2
const NARROWEST = 8

/** One line per row below a heading; none is wider than `width`. Columns that no row has anything for are left out. */
export function fitTable(
  columns: readonly FittedColumn[],
  rows: readonly (readonly FittedCell[])[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const natural = columns.map(({ heading }, index) => {
    const longest = Math.max(0, ...rows.map((row) => row[index]?.text.length ?? 0))
    return longest === 0 ? 0 : Math.max(heading.length, longest)
  })
  const kept = keptColumns(columns, natural, width)
  const widths = shrunk(kept, natural, width)
  const line = (cellOf: (index: number) => FittedCell | undefined): string =>
    kept
      .map((index, place) => {
        const room = widths[place] ?? 0
        const isLast = place === kept.length - 1
        return paintCell(cellOf(index), { room, align: columns[index]?.align ?? 'left', isLast, paint })
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  const heading = line((index) => ({ text: columns[index]?.heading ?? '', tone: 'heading' }))
  return [heading, ...rows.map((row) => line((index) => row[index]))]
}

/** No text is longer than the width it is given. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text
  return width <= 1 ? text.slice(0, Math.max(0, width)) : `${text.slice(0, width - 1)}…`
}

function keptColumns(columns: readonly FittedColumn[], natural: readonly number[], width: number): number[] {
  let kept = columns.flatMap((_, index) => (natural[index] === 0 ? [] : [index]))
  const taken = (): number => kept.reduce((sum, index) => sum + (natural[index] ?? 0) + GAP, -GAP)
  const bySpare = columns.map(({ spare }, index) => ({ spare, index })).toSorted((a, b) => b.spare - a.spare)
  for (const { spare, index } of bySpare) {
    if (spare === 0 || taken() <= width) break
    kept = kept.filter((each) => each !== index)
  }
  return kept
}

/** What is still too wide is taken from the widest, which is a name. */
function shrunk(kept: readonly number[], natural: readonly number[], width: number): number[] {
  const widths = kept.map((index) => natural[index] ?? 0)
  for (;;) {
    const excess = widths.reduce((sum, each) => sum + each + GAP, -GAP) - width
    const widest = widths.indexOf(Math.max(...widths))
    const room = (widths[widest] ?? 0) - NARROWEST
    if (excess <= 0 || room <= 0) return widths
    widths[widest] = (widths[widest] ?? 0) - Math.min(excess, room)
  }
}

interface CellPlace {
  readonly room: number
  readonly align: FittedColumn['align']
  readonly isLast: boolean
  readonly paint: Paint
}

function paintCell(cell: FittedCell | undefined, { room, align, isLast, paint }: CellPlace): string {
  const text = shorten(cell?.text ?? '', room)
  const padding = ' '.repeat(room - text.length)
  const painted = cell === undefined || cell.tone === null || text === '' ? text : paint(cell.tone, text)
  if (align === 'right') return padding + painted
  return isLast ? painted : painted + padding
}
