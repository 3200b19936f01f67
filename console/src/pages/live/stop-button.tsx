import type { Exchange } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { Button } from '../../parts/button.tsx'
import { done } from '../../parts/notices.tsx'

/** Ends an exchange as if its client had left. */
export function StopButton({ exchange: { id, user, model } }: { readonly exchange: Exchange }) {
  async function stop(): Promise<void> {
    await ask('DELETE /admin/exchanges/:id', { params: { id } })
    done('The exchange is stopped')
  }
  return (
    <Button
      kind="quiet small"
      label={`Stop the exchange of ${user ?? 'nobody'} with ${model ?? 'no model'}`}
      onClick={stop}
    >
      Stop
    </Button>
  )
}
