import { useState } from 'preact/hooks'
import type { FleetModels } from '../../admin-types.ts'
import { useAsk } from '../../api/use-ask.ts'
import { formatBytes } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { CheckField, TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { goTo, linkTo, usePlace } from '../../place.ts'
import { JobList } from './job-list.tsx'
import { ModelDialog } from './model-dialog.tsx'
import { modelMatrix, shortDigest, type Cell, type ModelRow } from './model-matrix.ts'
import { PullDialog } from './pull-dialog.tsx'
import { SyncDialog } from './sync-dialog.tsx'
import { useJobs } from './use-jobs.ts'
import '../pages.css'
import './models.css'

export function ModelsPage() {
  const asked = useAsk('GET /admin/models')
  const jobs = useJobs(asked.reload)
  return (
    <>
      <PageHead title="Models" note="Which server has what on its disk.">
        <Button onClick={() => asked.reload()}>Read again</Button>
        <a class="button" href={linkTo('models', ['sync'])}>
          Sync
        </a>
        <a class="button main" href={linkTo('models', ['pull'])}>
          Pull a model
        </a>
      </PageHead>
      <JobList jobs={jobs ?? []} />
      <Answer asked={asked} rows={10}>
        {(fleet) => (
          <>
            <Matrix of={fleet} />
            <OpenDialog of={fleet} />
          </>
        )}
      </Answer>
    </>
  )
}

/** Which dialog is open stands in the address: `#/models/of/NAME` is one model. */
function OpenDialog({ of: fleet }: { readonly of: FleetModels }) {
  const { rest, query } = usePlace()
  const [what, name = ''] = rest
  const close = (): void => goTo(linkTo('models'))
  if (what === 'pull') return <PullDialog of={fleet} model={query.get('model') ?? ''} onClose={close} />
  if (what === 'sync') return <SyncDialog of={fleet} onClose={close} />
  if (what === 'of') return <ModelDialog key={name} of={fleet} model={name} onClose={close} />
  return null
}

function Matrix({ of: fleet }: { readonly of: FleetModels }) {
  const [search, setSearch] = useState('')
  const [oddOnly, setOddOnly] = useState(false)
  const { columns: upstreams, rows } = modelMatrix(fleet.upstreams)
  const odd = rows.filter(isOdd)
  const shown = (oddOnly ? odd : rows).filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()))
  if (upstreams.length === 0) return <NoUpstreams />
  return (
    <>
      <div class="filters">
        <TextField label="Find" type="search" value={search} onInput={setSearch} placeholder="name of a model" />
        <CheckField label={`Only what differs or is missing, ${odd.length}`} checked={oddOnly} onChange={setOddOnly} />
      </div>
      <Table
        label="Models by upstream"
        rows={shown}
        columns={columnsOf(fleet)}
        rowKey={({ name }) => name}
        minWidth={30 + 10 * upstreams.length}
        empty={<NothingFound total={rows.length} />}
      />
    </>
  )
}

function isOdd({ differs, missing }: ModelRow): boolean {
  return differs || missing > 0
}

function NoUpstreams() {
  return (
    <Empty title="There is no upstream yet">
      <p>Models are on the disks of Ollama servers. Add one first.</p>
      <a class="button main" href={linkTo('fleet')}>
        Go to the fleet
      </a>
    </Empty>
  )
}

function NothingFound({ total }: { readonly total: number }) {
  if (total > 0) {
    return (
      <Empty title="No model is like that">
        <p>Take a word out of the search, or show all.</p>
      </Empty>
    )
  }
  return (
    <Empty title="No upstream has a model yet">
      <p>Pull one: the servers load it from the library of Ollama, each for itself.</p>
      <a class="button main" href={linkTo('models', ['pull'])}>
        Pull a model
      </a>
    </Empty>
  )
}

function columnsOf({ upstreams }: FleetModels): Column<ModelRow>[] {
  return [
    {
      key: 'name',
      title: 'Model',
      sortBy: ({ name }) => name,
      cell: ({ name }) => (
        <a href={linkTo('models', ['of', name])} title={name}>
          {name}
        </a>
      ),
    },
    {
      key: 'size',
      title: 'Size',
      width: '6rem',
      end: true,
      sortBy: ({ size }) => size,
      cell: ({ size }) => formatBytes(size),
    },
    {
      key: 'sum',
      title: 'Alike',
      width: '8rem',
      sortBy: ({ differs, missing }) => Number(differs) * 2 + Number(missing > 0),
      cell: (row) => <Alike of={row} />,
    },
    ...upstreams.map(
      ({ name, state, fault }, place): Column<ModelRow> => ({
        key: `at ${name}`,
        title: state === 'up' ? name : `${name} (${state})`,
        width: state === 'up' ? '9rem' : '12rem',
        sortBy: ({ cells }) => cells[place]?.kind ?? '',
        cell: ({ cells }) => <CellMark of={cells[place] ?? { kind: 'none' }} upstream={name} fault={fault} />,
      }),
    ),
  ]
}

function Alike({ of: { differs, missing, holders } }: { readonly of: ModelRow }) {
  if (differs)
    return (
      <Mark kind="warn" title="Under this one name there are different files">
        differs
      </Mark>
    )
  if (missing > 0) return <Mark kind="warn">{missing} missing</Mark>
  return <span class="unknown">{holders === 1 ? 'one has it' : 'yes'}</span>
}

function CellMark({
  of: cell,
  upstream,
  fault,
}: {
  readonly of: Cell
  readonly upstream: string
  readonly fault: string | null
}) {
  switch (cell.kind) {
    case 'has': {
      const digest = cell.model.digest === null ? '' : shortDigest(cell.model.digest)
      const title = `${upstream} has it${digest === '' ? '' : `, ${digest}`}${cell.wanted ? ', as the config wants' : ''}`
      if (cell.odd)
        return (
          <Mark kind="warn" title={title}>
            {digest}
          </Mark>
        )
      return (
        <Mark kind="good" title={title}>
          {cell.model.loaded ? 'loaded' : 'on disk'}
        </Mark>
      )
    }
    case 'lacks':
      return (
        <Mark kind="warn" title="The config wants it here (models.desired)">
          missing
        </Mark>
      )
    case 'unknown':
      return (
        <span class="unknown" title={fault ?? 'Its list was never read'}>
          not known
        </span>
      )
    case 'none':
      return (
        <span class="unknown" aria-label={`not on ${upstream}`}>
          –
        </span>
      )
  }
}
