import type { Exchange } from '../../admin-types.ts'
import { aheadMs } from '../../api/live.ts'
import { formatCount, formatMs, formatRate, formatSeconds, UNKNOWN } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import type { Column } from '../../parts/table.tsx'
import { Time, useNow } from '../../parts/time.tsx'
import { useStore } from '../../store.ts'
import { stateText } from './exchange-text.ts'
import { StopButton } from './stop-button.tsx'

type ExchangeColumn = Column<Exchange>
type Open = (id: string) => void

export function runningColumns(open: Open): readonly ExchangeColumn[] {
  return [
    stateColumn(open),
    ...who,
    {
      key: 'elapsed',
      title: 'For',
      width: '6rem',
      end: true,
      cell: (exchange) => <Elapsed exchange={exchange} />,
      sortBy: ({ started_at }) => started_at,
    },
    ...speed,
    { key: 'stop', title: '', width: '6rem', end: true, cell: (exchange) => <StopButton exchange={exchange} /> },
  ]
}

export function endedColumns(open: Open): readonly ExchangeColumn[] {
  return [
    stateColumn(open),
    ...who,
    {
      key: 'started',
      title: 'Began',
      width: '6.5rem',
      end: true,
      cell: ({ started_at }) => <Time at={started_at} />,
      sortBy: ({ started_at }) => started_at,
    },
    timeColumn('queue', 'Queue', ({ queue_ms }) => queue_ms),
    ...speed,
    timeColumn('total', 'Total', ({ total_ms }) => total_ms),
  ]
}

/** Opens the rest of what is known. */
function stateColumn(open: Open): ExchangeColumn {
  return {
    key: 'state',
    title: 'State',
    width: '11rem',
    sortBy: (exchange) => stateText(exchange).text,
    cell(exchange) {
      const { kind, text } = stateText(exchange)
      const label = `${text}: show all of this exchange of ${exchange.user ?? 'nobody'}`
      return (
        <button class="open" type="button" aria-label={label} title={text} onClick={() => open(exchange.id)}>
          <Mark kind={kind}>{text}</Mark>
        </button>
      )
    },
  }
}

const who: readonly ExchangeColumn[] = [
  textColumn('user', 'User', ({ user, key_name }) => [user, key_name === null ? null : `${user}, key ${key_name}`]),
  textColumn('model', 'Model', ({ model, model_asked }) => [
    model ?? model_asked,
    model === null || model === model_asked ? model_asked : `${model}, asked for as ${model_asked}`,
  ]),
  textColumn('upstream', 'Upstream', ({ upstream, cache }) => [cache === 'hit' ? 'cache' : upstream, upstream]),
]

const speed: readonly ExchangeColumn[] = [
  timeColumn('first', 'First token', ({ first_token_ms }) => first_token_ms),
  {
    key: 'tokens',
    title: 'Tokens',
    width: '5.5rem',
    end: true,
    cell: ({ tokens }) => formatCount(tokens),
    sortBy: ({ tokens }) => tokens,
  },
  {
    key: 'rate',
    title: 'Speed',
    width: '7rem',
    end: true,
    cell: ({ tokens_per_second }) => formatRate(tokens_per_second),
    sortBy: ({ tokens_per_second }) => tokens_per_second,
  },
]

function textColumn(
  key: string,
  title: string,
  texts: (exchange: Exchange) => readonly [text: string | null, title: string | null],
): ExchangeColumn {
  return {
    key,
    title,
    sortBy: (exchange) => texts(exchange)[0],
    cell(exchange) {
      const [text, whole] = texts(exchange)
      return <span title={whole ?? undefined}>{text ?? UNKNOWN}</span>
    },
  }
}

function timeColumn(key: string, title: string, value: (exchange: Exchange) => number | null): ExchangeColumn {
  return {
    key,
    title,
    width: '6.5rem',
    end: true,
    cell: (exchange) => formatMs(value(exchange)),
    sortBy: (exchange) => value(exchange),
  }
}

function Elapsed({ exchange: { started_at } }: { readonly exchange: Exchange }) {
  const ahead = useStore(aheadMs)
  return <>{formatSeconds(Math.max(0, useNow() + ahead - Date.parse(started_at)) / 1000)}</>
}
