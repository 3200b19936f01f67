import { useMemo, useState } from 'preact/hooks'
import type { Exchange } from '../../admin-types.ts'
import { exchanges } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'
import { useStore } from '../../store.ts'
import { ExchangeDialog } from '../live/exchange-dialog.tsx'
import { exchangeColumns } from './exchange-columns.tsx'
import { filterExchanges, outcomes, type OutcomeId } from './exchange-search.ts'
import { newestFirst } from './exchange-history.ts'

export function ExchangeLog() {
  const asked = useAsk('GET /admin/exchanges', { input: {} })
  const live = useStore(exchanges)
  const [search, setSearch] = useState('')
  const [outcome, setOutcome] = useState<OutcomeId>('all')
  const [open, setOpen] = useState<string | null>(null)
  const [held, setHeld] = useState<readonly Exchange[] | null>(null)
  const columns = useMemo(() => exchangeColumns(setOpen), [])
  const known = asked.answer === null ? [] : [...asked.answer.running, ...asked.answer.ended]
  const all = held ?? newestFirst(known, live ?? [])
  const chosen = all.find(({ id }) => id === open)
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
        <Button onClick={() => setHeld(held === null ? all : null)}>{held === null ? 'Hold still' : 'Go on'}</Button>
      </div>
      <Answer asked={asked} rows={12}>
        {() => (
          <Table
            label="Requests"
            rows={filterExchanges(all, { search, outcome })}
            columns={columns}
            rowKey={({ id }) => id}
            minWidth={80}
            empty={<NothingFound total={all.length} />}
          />
        )}
      </Answer>
      {chosen !== undefined && <ExchangeDialog exchange={chosen} onClose={() => setOpen(null)} />}
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
