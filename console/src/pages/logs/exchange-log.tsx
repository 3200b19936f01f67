import { useState } from 'preact/hooks'
import type { Exchange } from '../../admin-types.ts'
import { exchanges } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatAbsolute, formatCount, formatMs } from '../../format.ts'
import { SelectField, TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { useStore } from '../../store.ts'
import { ExchangeDialog } from '../live/exchange-dialog.tsx'
import { stateText } from '../live/exchange-text.ts'
import { filterExchanges, outcomes, type OutcomeId } from './exchange-search.ts'
import { newestFirst } from './exchange-history.ts'

export function ExchangeLog() {
  const asked = useAsk('GET /admin/exchanges', { input: {} })
  const live = useStore(exchanges)
  const [search, setSearch] = useState('')
  const [outcome, setOutcome] = useState<OutcomeId>('all')
  const [open, setOpen] = useState<string | null>(null)
  return (
    <>
      <div class="filters">
        <TextField
          label="Find"
          type="search"
          value={search}
          onInput={setSearch}
          placeholder="user, model, upstream, error"
        />
        <SelectField
          label="Show"
          value={outcome}
          options={outcomes.map(({ id, label }) => ({ value: id, label }))}
          onChange={(value) => setOutcome(value)}
        />
      </div>
      <Answer asked={asked} rows={12}>
        {(history) => {
          const all = newestFirst([...history.running, ...history.ended], live ?? [])
          const shown = filterExchanges(all, { search, outcome })
          const chosen = all.find(({ id }) => id === open)
          return (
            <>
              <Table
                label="Requests"
                rows={shown}
                columns={columnsFor(setOpen)}
                rowKey={({ id }) => id}
                minWidth={60}
                empty={<NothingFound total={all.length} />}
              />
              {chosen !== undefined && <ExchangeDialog exchange={chosen} onClose={() => setOpen(null)} />}
            </>
          )
        }}
      </Answer>
    </>
  )
}

function NothingFound({ total }: { readonly total: number }) {
  if (total > 0) {
    return (
      <Empty title="No request is like that">
        <p>Take a word out of the search, or show all.</p>
      </Empty>
    )
  }
  return (
    <Empty title="No requests yet">
      <p>
        Requests appear here as they come. The last 500 that are over are remembered; the ledger under Usage keeps them
        all.
      </p>
    </Empty>
  )
}

function columnsFor(onOpen: (id: string) => void): Column<Exchange>[] {
  return [
    {
      key: 'at',
      title: 'When',
      width: '6.5rem',
      sortBy: ({ started_at }) => started_at,
      cell: ({ id, started_at }) => (
        <button
          class="link"
          type="button"
          onClick={() => onOpen(id)}
          aria-label={`Request of ${formatAbsolute(started_at)}`}
        >
          <Time at={started_at} />
        </button>
      ),
    },
    {
      key: 'user',
      title: 'User',
      width: '11%',
      sortBy: ({ user }) => user,
      cell: ({ user, key_name }) => (
        <Cut text={user} title={key_name === null ? user : `${user ?? ''}, key ${key_name}`} />
      ),
    },
    {
      key: 'path',
      title: 'Path',
      width: '17%',
      sortBy: ({ path }) => path,
      cell: ({ method, path }) => <Cut text={path} title={`${method} ${path}`} />,
    },
    {
      key: 'model',
      title: 'Model',
      sortBy: (row) => row.model ?? row.model_asked,
      cell: (row) => <Cut text={row.model ?? row.model_asked} />,
    },
    {
      key: 'upstream',
      title: 'Upstream',
      width: '11%',
      sortBy: ({ upstream }) => upstream,
      cell: ({ upstream }) => <Cut text={upstream} />,
    },
    {
      key: 'state',
      title: 'Outcome',
      width: '11rem',
      sortBy: (row) => stateText(row).text,
      cell: (row) => {
        const { kind, text } = stateText(row)
        return (
          <Mark kind={kind} title={row.status === null ? text : `${row.status} ${text}`}>
            {text}
          </Mark>
        )
      },
    },
    {
      key: 'first',
      title: 'First token',
      width: '6rem',
      end: true,
      sortBy: (row) => row.first_token_ms,
      cell: (row) => formatMs(row.first_token_ms),
    },
    {
      key: 'total',
      title: 'In all',
      width: '5.5rem',
      end: true,
      sortBy: (row) => row.total_ms,
      cell: (row) => formatMs(row.total_ms),
    },
    {
      key: 'tokens',
      title: 'Tokens',
      width: '5rem',
      end: true,
      sortBy: (row) => row.tokens,
      cell: (row) => formatCount(row.tokens),
    },
  ]
}

function Cut({ text, title = text }: { readonly text: string | null; readonly title?: string | null }) {
  return text === null ? <span class="unknown">–</span> : <span title={title ?? undefined}>{text}</span>
}
