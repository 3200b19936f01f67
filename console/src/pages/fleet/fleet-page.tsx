import type { Status } from '../../admin-types.ts'
import { status } from '../../api/live.ts'
import { formatCount } from '../../format.ts'
import { Mark } from '../../parts/mark.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { useStore } from '../../store.ts'

type Upstream = Status['upstreams'][number]

const columns: readonly Column<Upstream>[] = [
  { key: 'name', title: 'Upstream', cell: ({ name }) => name, sortBy: ({ name }) => name },
  {
    key: 'state',
    title: 'State',
    width: '10rem',
    cell: ({ state }) => <Mark kind={state === 'up' ? 'good' : 'bad'}>{state}</Mark>,
  },
  {
    key: 'running',
    title: 'Running',
    width: '8rem',
    end: true,
    cell: ({ running }) => formatCount(running),
    sortBy: ({ running }) => running,
  },
]

export function FleetPage() {
  const now = useStore(status)
  return (
    <>
      <PageHead
        title="Fleet"
        note={
          now !== null && (
            <>
              started <Time at={now.started_at} />
            </>
          )
        }
      />
      {now === null ? (
        <Loading />
      ) : (
        <Table
          label="Upstreams"
          rows={now.upstreams}
          columns={columns}
          rowKey={({ name }) => name}
          empty={<Empty title="No upstream yet" />}
        />
      )}
    </>
  )
}
