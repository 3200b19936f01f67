import { useMemo, useState } from 'preact/hooks'
import type { Exchange } from '../../admin-types.ts'
import { exchanges } from '../../api/live.ts'
import { formatCount } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'
import { useStore } from '../../store.ts'
import { ExchangeDialog } from './exchange-dialog.tsx'
import { matches } from './exchange-text.ts'
import { endedColumns, runningColumns } from './live-columns.tsx'
import './live.css'

/** What runs, what waits and what has just ended, as it happens. */
export function LivePage() {
  const now = useStore(exchanges)
  const [held, setHeld] = useState<readonly Exchange[] | null>(null)
  const [search, setSearch] = useState('')
  const [openId, setOpenId] = useState<string | null>(null)
  const shown = held ?? now
  const found = useMemo(() => shown?.filter((each) => matches(each, search)) ?? null, [shown, search])
  const opened = shown?.find(({ id }) => id === openId)
  return (
    <>
      <PageHead title="Live" note={now !== null && <Counts all={now} isHeld={held !== null} />}>
        <input
          class="search"
          type="search"
          placeholder="User, model, upstream, error"
          aria-label="Show only exchanges with this in them"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Button onClick={() => setHeld(held === null ? now : null)} disabled={now === null}>
          {held === null ? 'Hold still' : 'Go on'}
        </Button>
      </PageHead>
      {found === null ? <Loading label="Waiting for the exchanges" /> : <Lists all={found} onOpen={setOpenId} />}
      {opened !== undefined && <ExchangeDialog exchange={opened} onClose={() => setOpenId(null)} />}
    </>
  )
}

function Counts({ all, isHeld }: { readonly all: readonly Exchange[]; readonly isHeld: boolean }) {
  const queued = all.filter(({ state, position }) => state === 'queued' && position !== null).length
  const running = all.filter(({ state }) => state !== 'ended').length - queued
  return (
    <span class="row">
      <span>
        <b class="number">{formatCount(running)}</b> running
      </span>
      <span>
        <b class="number">{formatCount(queued)}</b> in the queue
      </span>
      {isHeld && <span>The lists stand still.</span>}
    </span>
  )
}

interface ListsProps {
  readonly all: readonly Exchange[]
  onOpen(id: string): void
}

function Lists({ all, onOpen }: ListsProps) {
  const [now, before] = useMemo(() => [inOrder(all), all.filter(({ state }) => state === 'ended')], [all])
  const columns = useMemo(() => ({ now: runningColumns(onOpen), before: endedColumns(onOpen) }), [onOpen])
  return (
    <>
      <section class="live-list now" aria-labelledby="live-now">
        <h2 id="live-now">Now</h2>
        <Table
          label="Exchanges that run or wait"
          rows={now}
          columns={columns.now}
          rowKey={idOf}
          minWidth={68}
          empty={
            <Empty title="Nothing runs now">
              <p>A request shows up here as soon as it arrives.</p>
            </Empty>
          }
        />
      </section>
      <section class="live-list" aria-labelledby="live-before">
        <h2 id="live-before">Ended</h2>
        <Table
          label="Exchanges that have ended, the latest first"
          rows={before}
          columns={columns.before}
          rowKey={idOf}
          minWidth={76}
          empty={
            <Empty title="None has ended yet">
              <p>The last 500 are kept here while the gateway runs; the Usage page has the sums of all.</p>
            </Empty>
          }
        />
      </section>
    </>
  )
}

const idOf = ({ id }: Exchange): string => id

/** What runs first, the oldest on top; then the queue by its positions, so that nobody jumps while others come. */
function inOrder(all: readonly Exchange[]): readonly Exchange[] {
  const rank = ({ state, position }: Exchange): number => (state === 'queued' ? (position ?? 0) + 1 : 0)
  return all
    .filter(({ state }) => state !== 'ended')
    .toSorted((a, b) => rank(a) - rank(b) || a.started_at.localeCompare(b.started_at) || a.id.localeCompare(b.id))
}
