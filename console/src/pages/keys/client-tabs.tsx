import { useId, useState } from 'preact/hooks'
import { CopyText } from '../../parts/copy-text.tsx'
import type { ClientLines } from './client-lines.ts'

const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** One client at a time: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
export function ClientTabs({ clients }: { readonly clients: readonly ClientLines[] }) {
  const [chosen, setChosen] = useState(0)
  const id = useId()
  const client = clients[chosen] ?? clients[0]
  function go(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = (chosen + step + clients.length) % clients.length
    setChosen(next)
    event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus()
  }
  if (client === undefined) return null
  return (
    <div class="clients">
      <div class="tabs" role="tablist" aria-label="Clients" onKeyDown={go}>
        {clients.map(({ id: name, title }, place) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={place === chosen}
            aria-controls={`${id}-lines`}
            tabIndex={place === chosen ? 0 : -1}
            onClick={() => setChosen(place)}
          >
            {title}
          </button>
        ))}
      </div>
      <div class="tab-body" id={`${id}-lines`} role="tabpanel" aria-labelledby={`${id}-${client.id}`}>
        <p class="hint">{client.where}</p>
        <CopyText text={client.lines.join('\n')} label={`Lines for ${client.title}`} />
      </div>
    </div>
  )
}
