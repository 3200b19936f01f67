import { useState } from 'preact/hooks'
import type { FleetModels } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { formatBytes } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { confirm, Dialog } from '../../parts/dialog.tsx'
import { Mark } from '../../parts/mark.tsx'
import { done } from '../../parts/notices.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { linkTo } from '../../place.ts'
import { modelMatrix, shortDigest, type ModelOnUpstream } from './model-matrix.ts'
import { type FleetUpstream, UpstreamChoice } from './upstream-choice.tsx'

interface ModelDialogProps {
  readonly of: FleetModels
  readonly model: string
  onClose(): void
}

interface Holder {
  readonly upstream: string
  readonly model: ModelOnUpstream
  readonly odd: boolean
}

/** One model over the fleet: who has which bits of it. */
export function ModelDialog({ of: fleet, model, onClose }: ModelDialogProps) {
  const [deleting, setDeleting] = useState(false)
  const { columns, rows } = modelMatrix(fleet.upstreams)
  const row = rows.find(({ name }) => name === model)
  const holders = (row?.cells ?? []).flatMap((cell, place): Holder[] =>
    cell.kind === 'has' ? [{ upstream: columns[place] ?? '', model: cell.model, odd: cell.odd }] : [],
  )
  const names = holders.map(({ upstream }) => upstream)
  const disks = fleet.upstreams.filter(({ name, provider }) => !provider && names.includes(name))
  return (
    <Dialog title={model} onClose={onClose} wide>
      {row?.differs === true && (
        <p>
          <Mark kind="warn">Not everybody has the same bits. Pulling it again brings all to the newest.</Mark>
        </p>
      )}
      {holders.length === 0 ? (
        <p>No upstream has it.</p>
      ) : (
        <Table
          label={`Upstreams with ${model}`}
          rows={holders}
          columns={columnsOf}
          rowKey={({ upstream }) => upstream}
          minWidth={50}
        />
      )}
      {deleting ? (
        <Deleting
          model={model}
          holders={disks}
          others={holders.length}
          onCancel={() => setDeleting(false)}
          onDone={onClose}
        />
      ) : (
        <footer class="buttons">
          {disks.length > 0 && (
            <Button kind="danger" onClick={() => setDeleting(true)}>
              Delete
            </Button>
          )}
          <a class="button" href={linkTo('route', [model])}>
            Where it goes
          </a>
          <a class="button" href={linkTo('playground', [model])}>
            Try it
          </a>
          <a class="button main" href={linkTo('models', ['pull'], { model })}>
            Pull
          </a>
        </footer>
      )}
    </Dialog>
  )
}

interface DeletingProps {
  readonly model: string
  readonly holders: readonly FleetUpstream[]
  /** How many have it, those without a disk of their own too. */
  readonly others: number
  onCancel(): void
  onDone(): void
}

function Deleting({ model, holders, others, onCancel, onDone }: DeletingProps) {
  const [chosen, setChosen] = useState<readonly string[]>([])
  async function remove(): Promise<void> {
    const left = others - chosen.length
    const agreed = await confirm({
      title: `Delete ${model} from ${chosen.join(', ')}?`,
      text:
        left === 0
          ? 'Nobody has it afterwards: a request for it is a 404 until it is pulled again.'
          : `${left === 1 ? 'One other still has' : `${left} others still have`} it.`,
      action: 'Delete',
      danger: true,
    })
    if (!agreed) return
    await ask('POST /admin/models/delete', { input: { model, upstreams: [...chosen] } })
    done(`${model} is being deleted`)
    onDone()
  }
  return (
    <>
      <UpstreamChoice
        legend="Delete it from"
        upstreams={holders}
        chosen={chosen}
        onChange={setChosen}
        hintFor={({ assigned }) => (assigned.includes(model) ? 'the config sends requests for it here' : undefined)}
      />
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="danger" disabled={chosen.length === 0} onClick={remove}>
          Delete from {chosen.length}
        </Button>
      </footer>
    </>
  )
}

const columnsOf: Column<Holder>[] = [
  { key: 'upstream', title: 'Upstream', sortBy: ({ upstream }) => upstream, cell: ({ upstream }) => upstream },
  {
    key: 'state',
    title: 'State',
    width: '6.5rem',
    cell: ({ model }) => <Mark kind="good">{model.loaded ? 'loaded' : 'on disk'}</Mark>,
  },
  { key: 'size', title: 'Size', width: '6rem', end: true, cell: ({ model }) => formatBytes(model.size) },
  {
    key: 'kind',
    title: 'Parameters',
    width: '10rem',
    cell: ({ model }) => [model.parameters, model.quantization].filter(Boolean).join(' ') || '–',
  },
  {
    key: 'digest',
    title: 'Digest',
    width: '9.5rem',
    cell: ({ model, odd }) =>
      model.digest === null ? (
        <span class="unknown">–</span>
      ) : (
        <code title={model.digest}>
          {shortDigest(model.digest)}
          {odd && <Mark kind="warn"> other</Mark>}
        </code>
      ),
  },
  { key: 'came', title: 'Came', width: '7.5rem', end: true, cell: ({ model }) => <Time at={model.modified_at} /> },
]
