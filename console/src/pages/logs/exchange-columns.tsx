import type { Exchange } from '../../admin-types.ts'
import { formatCount, formatMs, UNKNOWN } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import type { Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { stateText } from '../live/exchange-text.ts'

/** As one reads a log: when first, then who asked what of whom, and what came of it. */
export function exchangeColumns(onOpen: (id: string) => void): readonly Column<Exchange>[] {
  return [
    {
      key: 'at',
      title: 'When',
      width: '7.5rem',
      sortBy: ({ started_at }) => started_at,
      cell: ({ started_at }) => <Time at={started_at} />,
    },
    {
      key: 'path',
      title: 'Path',
      width: '17%',
      sortBy: ({ path }) => path,
      cell: ({ id, method, path }) => (
        <button class="link" type="button" onClick={() => onOpen(id)} title={`${method} ${path}`}>
          {path}
        </button>
      ),
    },
    textColumn('user', 'User', { width: '11%', textOf: ({ user }) => user }),
    textColumn('model', 'Model', { textOf: ({ model, model_asked }) => model ?? model_asked }),
    textColumn('upstream', 'Upstream', { width: '11%', textOf: ({ upstream }) => upstream }),
    {
      key: 'state',
      title: 'Outcome',
      width: '13rem',
      sortBy: (row) => stateText(row).text,
      cell: (row) => <Outcome of={row} />,
    },
    numberColumn('first', 'First token', ({ first_token_ms }) => first_token_ms),
    numberColumn('total', 'In all', ({ total_ms }) => total_ms),
    {
      key: 'tokens',
      title: 'Tokens',
      width: '5.5rem',
      end: true,
      sortBy: ({ tokens }) => tokens,
      cell: ({ tokens }) => formatCount(tokens),
    },
  ]
}

function Outcome({ of: exchange }: { readonly of: Exchange }) {
  const { kind, text } = stateText(exchange)
  return (
    <Mark kind={kind} title={exchange.status === null ? text : `${exchange.status} ${text}`}>
      {text}
    </Mark>
  )
}

interface TextOptions {
  readonly width?: string
  textOf(exchange: Exchange): string | null
}

function textColumn(key: string, title: string, { width, textOf }: TextOptions): Column<Exchange> {
  return {
    key,
    title,
    ...(width !== undefined && { width }),
    sortBy: textOf,
    cell: (exchange) => <span title={textOf(exchange) ?? undefined}>{textOf(exchange) ?? UNKNOWN}</span>,
  }
}

function numberColumn(key: string, title: string, msOf: (exchange: Exchange) => number | null): Column<Exchange> {
  return { key, title, width: '7rem', end: true, sortBy: msOf, cell: (exchange) => formatMs(msOf(exchange)) }
}
