import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Icon } from './icons.tsx'
import { windowOf } from './table-window.ts'

export interface Column<Row> {
  readonly key: string
  readonly title: string
  /** Of numbers. */
  readonly end?: boolean
  /** A width in CSS, such as `8rem` or `20%`; without one it shares what is left. */
  readonly width?: string
  /** One line; what is longer is cut, so put the whole into a `title`. */
  cell(row: Row): ComponentChildren
  /** What to sort by; without it the column cannot be sorted. */
  sortBy?(row: Row): string | number | null
}

export interface TableProps<Row> {
  /** What the rows are, for those who do not see them. */
  readonly label: string
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  rowKey(row: Row): string
  /** Instead of rows, where there are none. */
  readonly empty?: ComponentChildren
  readonly sorted?: { readonly by: string; readonly down: boolean }
  /** The smallest width at which it is still readable, in rem; narrower screens scroll it sideways. */
  readonly minWidth?: number
  rowClass?(row: Row): string | undefined
}

/** As in the styles: every row is one line. */
const ROW_REM = 15 / 7

/** Rows of one line each; of many only those in sight are drawn. */
export function Table<Row>(props: TableProps<Row>) {
  const { rows, columns, label, minWidth = 40 } = props
  const [sorted, setSorted] = useState(props.sorted ?? null)
  const ordered = useMemo(() => sortRows(rows, columns, sorted), [rows, columns, sorted])
  const { container, view } = useWindow(ordered.length)
  if (rows.length === 0 && props.empty !== undefined) return <>{props.empty}</>
  return (
    <div class="table-box" ref={container} tabIndex={0} role="region" aria-label={label}>
      <table style={{ minInlineSize: `${minWidth}rem` }} aria-rowcount={rows.length + 1}>
        <caption class="unseen">{label}</caption>
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={width === undefined ? {} : { inlineSize: width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} sorted={sorted} onSort={setSorted} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer rows={view.first} columns={columns.length} />
          {ordered.slice(view.first, view.end).map((row, index) => (
            <tr key={props.rowKey(row)} class={props.rowClass?.(row)} aria-rowindex={view.first + index + 2}>
              {columns.map(({ key, end, cell }) => (
                <td key={key} class={end === true ? 'end' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Spacer rows={ordered.length - view.end} columns={columns.length} />
        </tbody>
      </table>
    </div>
  )
}

type Sorted = { readonly by: string; readonly down: boolean } | null

interface HeadProps<Row> {
  readonly column: Column<Row>
  readonly sorted: Sorted
  onSort(sorted: Sorted): void
}

function Head<Row>({ column: { key, title, end, sortBy }, sorted, onSort }: HeadProps<Row>) {
  const isSorted = sorted?.by === key
  const order = sorted?.down === true ? 'descending' : 'ascending'
  return (
    <th scope="col" class={end === true ? 'end' : undefined} aria-sort={isSorted ? order : undefined}>
      {sortBy === undefined ? (
        title
      ) : (
        <button type="button" onClick={() => onSort({ by: key, down: isSorted ? !sorted.down : end === true })}>
          {title}
          {isSorted && <Icon name={sorted.down ? 'down' : 'up'} />}
        </button>
      )}
    </th>
  )
}

/** As high as the rows that are not drawn. */
function Spacer({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows <= 0) return null
  return (
    <tr class="spacer" aria-hidden="true">
      <td colSpan={columns} style={{ blockSize: `${rows * ROW_REM}rem` }} />
    </tr>
  )
}

function useWindow(count: number) {
  const container = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState({ top: 0, height: 800, row: 34 })
  const isEmpty = count === 0
  useLayoutEffect(() => {
    const box = container.current
    if (box === null) return
    const row = ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    const look = (): void => setSeen({ top: box.scrollTop, height: box.clientHeight, row })
    const sizes = new ResizeObserver(look)
    sizes.observe(box)
    box.addEventListener('scroll', look, { passive: true })
    return () => {
      sizes.disconnect()
      box.removeEventListener('scroll', look)
    }
  }, [isEmpty])
  useEffect(() => {
    // A list that has become shorter may end above where somebody was.
    const box = container.current
    if (box !== null && box.scrollTop > box.scrollHeight) box.scrollTop = 0
  }, [count])
  return { container, view: windowOf(seen, count) }
}

function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorted: Sorted): readonly Row[] {
  const value = columns.find(({ key }) => key === sorted?.by)?.sortBy
  if (sorted === null || value === undefined) return rows
  const direction = sorted.down ? -1 : 1
  return rows.toSorted((a, b) => direction * compare(value(a), value(b)))
}

/** What is not known comes last when the order goes down. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), 'en', { numeric: true })
}
