import { useState } from 'preact/hooks'
import type { AdminRoutes } from '../../admin-types.ts'
import { messageOf } from '../../api/api-error.ts'
import { ask } from '../../api/ask.ts'
import { formatMs } from '../../format.ts'
import { Button } from '../../parts/button.tsx'
import { TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { done } from '../../parts/notices.tsx'

type Wanted = AdminRoutes['POST /admin/upstreams']['input']
type Probe = AdminRoutes['POST /admin/upstreams']['output']['probe']

interface Typed {
  readonly name: string
  readonly url: string
  readonly priority: string
  readonly memory: string
  readonly slots: string
}

const nothing: Typed = { name: '', url: '', priority: '', memory: '', slots: '' }

/** Name, URL and, for who wants them, the rest; can look whether somebody answers there before it adds anything. */
export function UpstreamForm({ onAdded }: { onAdded(): void }) {
  const [typed, setTyped] = useState(nothing)
  const [problem, setProblem] = useState<string | null>(null)
  const [probe, setProbe] = useState<Probe | null>(null)

  async function send(dryRun: boolean): Promise<void> {
    setProblem(null)
    setProbe(null)
    try {
      const answer = await ask('POST /admin/upstreams', { input: { ...wanted(typed), dry_run: dryRun } })
      setProbe(answer.probe)
      if (dryRun) return
      done(`${typed.name} is added`)
      onAdded()
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void send(false)
      }}
    >
      <Fields typed={typed} set={(change) => setTyped({ ...typed, ...change })} />
      <div aria-live="polite" class="probe">
        {problem !== null && <p class="wrong">{problem}</p>}
        {probe !== null && <Probed probe={probe} />}
      </div>
      <div class="buttons">
        <Button onClick={() => send(true)} disabled={typed.name === '' || typed.url === ''}>
          Look whether it answers
        </Button>
        <Button type="submit" kind="main">
          Add
        </Button>
      </div>
    </form>
  )
}

interface FieldsProps {
  readonly typed: Typed
  set(change: Partial<Typed>): void
}

function Fields({ typed, set }: FieldsProps) {
  return (
    <>
      <div class="fields">
        <TextField label="Name" value={typed.name} onInput={(name) => set({ name })} hint="Such as gpu-1" required />
        <TextField
          label="URL"
          type="url"
          value={typed.url}
          onInput={(url) => set({ url })}
          hint="Such as http://10.0.0.5:11434"
          required
        />
      </div>
      <details>
        <summary>Priority, memory and slots</summary>
        <div class="fields">
          <TextField
            label="Priority"
            type="number"
            value={typed.priority}
            onInput={(priority) => set({ priority })}
            hint="Lower is preferred; 1 if empty"
          />
          <TextField
            label="Memory"
            value={typed.memory}
            onInput={(memory) => set({ memory })}
            hint="Such as 24GB: models that need more never go there; no limit if empty"
          />
          <TextField
            label="Slots"
            value={typed.slots}
            onInput={(slots) => set({ slots })}
            hint="Requests that one model answers at a time; learnt if empty"
          />
        </div>
      </details>
    </>
  )
}

function Probed({ probe: { reachable, version, models, took_ms, fault } }: { readonly probe: Probe }) {
  if (!reachable) return <Mark kind="bad">{fault ?? 'It does not answer as an Ollama does'}</Mark>
  return (
    <Mark kind="good">
      Ollama {version}, {models?.length ?? 0} models, answered in {formatMs(took_ms)}
    </Mark>
  )
}

function wanted({ name, url, priority, memory, slots }: Typed): Wanted {
  return {
    name: name.trim(),
    url: url.trim(),
    ...(priority !== '' && { priority: Number(priority) }),
    ...(memory.trim() !== '' && { memory: memory.trim() }),
    ...(slots.trim() !== '' && { slots: /^\d+$/.test(slots.trim()) ? Number(slots) : slots.trim() }),
  }
}
