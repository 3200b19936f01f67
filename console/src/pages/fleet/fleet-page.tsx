import { useState } from 'preact/hooks'
import type { AdminEvents } from '../../admin-types.ts'
import { status } from '../../api/live.ts'
import { formatCount, formatMs } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { Mark } from '../../parts/mark.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Loading } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { useStore } from '../../store.ts'
import { AddUpstream } from './add-upstream.tsx'
import { FirstRun } from './first-run.tsx'
import { UpstreamCard } from './upstream-card.tsx'
import './fleet.css'

type Status = AdminEvents['status']

export function FleetPage() {
  const now = useStore(status)
  const [adding, setAdding] = useState(false)
  return (
    <>
      <PageHead title="Fleet" note={now !== null && <Summary now={now} />}>
        <Button onClick={() => setAdding(true)}>Add an upstream</Button>
      </PageHead>
      {now === null ? <Loading label="Waiting for the first status" /> : <Fleet now={now} />}
      {adding && <AddUpstream onClose={() => setAdding(false)} />}
    </>
  )
}

function Fleet({ now }: { readonly now: Status }) {
  const { upstreams } = now
  // Nobody has ever answered: what to do about it matters more than that nobody does.
  const isNew = !upstreams.some(({ state, version, agent }) => state === 'up' || version !== null || agent !== null)
  return (
    <>
      <Troubles now={now} />
      {isNew && <FirstRun configured={upstreams} />}
      <div class="cards fleet">
        {upstreams.map((upstream) => (
          <UpstreamCard key={upstream.name} upstream={upstream} />
        ))}
      </div>
      {now.queue.models.length > 0 && <Queue models={now.queue.models} />}
    </>
  )
}

type Waiting = Status['queue']['models'][number]

const queueColumns: readonly Column<Waiting>[] = [
  {
    key: 'model',
    title: 'Model',
    cell: ({ model }) => <span title={model}>{model}</span>,
    sortBy: ({ model }) => model,
  },
  {
    key: 'waiting',
    title: 'Waiting',
    width: '30%',
    end: true,
    cell: ({ waiting }) => formatCount(waiting),
    sortBy: ({ waiting }) => waiting,
  },
  {
    key: 'longest',
    title: 'The longest for',
    width: '30%',
    end: true,
    cell: ({ longest_wait_ms }) => formatMs(longest_wait_ms),
    sortBy: ({ longest_wait_ms }) => longest_wait_ms,
  },
]

/** Below everything, so that nothing moves when it comes and goes. */
function Queue({ models }: { readonly models: readonly Waiting[] }) {
  return (
    <section class="queue stack" aria-labelledby="queue">
      <h2 id="queue">Queue</h2>
      <Table
        label="Requests that wait, by model"
        rows={models}
        columns={queueColumns}
        rowKey={({ model }) => model}
        minWidth={20}
      />
    </section>
  )
}

function Summary({ now: { upstreams, queue, version, started_at } }: { readonly now: Status }) {
  const up = upstreams.filter(({ state }) => state === 'up').length
  const running = upstreams.reduce((sum, upstream) => sum + upstream.running, 0)
  return (
    <span class="row summary">
      <span>
        <b class="number">{up}</b> of <b class="number">{upstreams.length}</b> up
      </span>
      <span>
        <b class="number">{formatCount(running)}</b> running
      </span>
      <span>
        <b class="number">{formatCount(queue.waiting)}</b> in the queue
        {queue.waiting > 0 && <>, the longest for {formatMs(queue.longest_wait_ms)}</>}
      </span>
      <span>
        Corral {version}, started <Time at={started_at} />
      </span>
    </span>
  )
}

/** What keeps the books or the keys from being written. */
function Troubles({ now: { store, ledger } }: { readonly now: Status }) {
  const told = [
    store.problem !== null && `Users and keys cannot be changed now: ${store.problem}`,
    ledger.problem !== null && `The ledger cannot be written: ${ledger.problem}`,
    ledger.lost > 0 && `${formatCount(ledger.lost)} rows of the ledger were lost since the start`,
  ].filter((sentence) => sentence !== false)
  if (told.length === 0) return null
  return (
    <ul class="card troubles" role="alert">
      {told.map((sentence) => (
        <li key={sentence}>
          <Mark kind="warn">{sentence}</Mark>
        </li>
      ))}
    </ul>
  )
}
