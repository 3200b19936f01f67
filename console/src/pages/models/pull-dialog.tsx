import { useState } from 'preact/hooks'
import type { FleetModels } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { TextField } from '../../parts/field.tsx'
import { done } from '../../parts/notices.tsx'
import { UpstreamChoice } from './upstream-choice.tsx'

interface PullDialogProps {
  readonly of: FleetModels
  readonly model: string
  onClose(): void
}

export function PullDialog({ of: { upstreams }, model, onClose }: PullDialogProps) {
  const disks = upstreams.filter(({ provider }) => !provider)
  const [name, setName] = useState(model)
  const [chosen, setChosen] = useState<readonly string[]>(() =>
    disks.filter(({ state }) => state === 'up').map((each) => each.name),
  )
  const known = [...new Set(upstreams.flatMap(({ models }) => (models ?? []).map((each) => each.name)))].toSorted()
  async function pull(): Promise<void> {
    await ask('POST /admin/models/pull', { input: { model: name.trim(), upstreams: [...chosen] } })
    done(`${name.trim()} is being pulled`)
    onClose()
  }
  const has = (upstream: (typeof disks)[number]): boolean =>
    (upstream.models ?? []).some((each) => each.name === name.trim())
  return (
    <Dialog title="Pull a model" onClose={onClose} wide>
      <form class="form" onSubmit={(event) => event.preventDefault()}>
        <TextField
          label="Model"
          hint="As in the library of Ollama, such as qwen3:8b, or hf.co/owner/model."
          value={name}
          choices={known}
          autoFocus={model === ''}
          autoComplete="off"
          onInput={setName}
        />
        <UpstreamChoice
          legend="To"
          upstreams={disks}
          chosen={chosen}
          onChange={setChosen}
          hintFor={(upstream) => {
            if (upstream.state !== 'up') return upstream.fault ?? upstream.state
            return has(upstream) ? 'has it: it is brought up to date' : undefined
          }}
        />
        {disks.length === 0 && <p class="hint">No upstream has a disk of its own: providers take no models.</p>}
        <footer class="buttons">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" type="submit" disabled={name.trim() === '' || chosen.length === 0} onClick={pull}>
            Pull
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
