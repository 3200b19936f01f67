import type { Upstream } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { Button } from '../../parts/button.tsx'
import { confirm } from '../../parts/dialog.tsx'
import { done } from '../../parts/notices.tsx'

/** What can be done to an upstream as it is now. */
export function UpstreamActions({
  upstream: { name, held, wake, state, running, origin },
}: {
  readonly upstream: Upstream
}) {
  const params = { name }
  async function drain(): Promise<void> {
    await ask('POST /admin/upstreams/:name/drain', { params })
    done(`${name} is draining: it gets nothing new`)
  }
  async function enable(): Promise<void> {
    await ask('POST /admin/upstreams/:name/enable', { params })
    done(`${name} is used again`)
  }
  async function disable(): Promise<void> {
    const text = `${running} running here will be ended.`
    const agreed =
      running === 0 || (await confirm({ title: `Disable ${name}?`, text, action: 'Disable', danger: true }))
    if (!agreed) return
    await ask('POST /admin/upstreams/:name/disable', { params })
    done(`${name} is disabled`)
  }
  async function wakeUp(): Promise<void> {
    await ask('POST /admin/upstreams/:name/wake', { params })
    done(`${name} was sent a magic packet`)
  }
  async function remove(): Promise<void> {
    const text = 'It was added here, and will be gone. The server itself stays as it is.'
    if (!(await confirm({ title: `Remove ${name}?`, text, action: 'Remove', danger: true }))) return
    await ask('DELETE /admin/upstreams/:name', { params })
    done(`${name} is removed`)
  }
  return (
    <div class="actions">
      {wake === 'ready' && state === 'down' && <Action what="Wake" name={name} onClick={wakeUp} />}
      {held !== 'draining' && held !== 'disabled' && <Action what="Drain" name={name} onClick={drain} />}
      {held !== 'disabled' && <Action what="Disable" name={name} onClick={disable} />}
      {held !== null && <Action what="Enable" name={name} onClick={enable} />}
      {origin === 'added' && <Action what="Remove" name={name} onClick={remove} />}
    </div>
  )
}

function Action({ what, name, onClick }: { readonly what: string; readonly name: string; onClick(): unknown }) {
  return (
    <Button kind="quiet" label={`${what} ${name}`} onClick={onClick}>
      {what}
    </Button>
  )
}
