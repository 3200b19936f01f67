import { useState } from 'preact/hooks'
import type { CreatedKey, Key } from '../../admin-types.ts'
import { Button } from '../../parts/button.tsx'
import { confirm, Dialog } from '../../parts/dialog.tsx'
import { Mark } from '../../parts/mark.tsx'
import { done } from '../../parts/notices.tsx'
import { ChangeKey } from './change-key.tsx'
import type { KeyDoor } from './key-door.ts'
import { mayLoseSecret } from './keep-secret.ts'
import { KeyFacts } from './key-facts.tsx'
import { stateMark } from './key-state.ts'
import { useIsOwnKey } from './own-key.ts'
import { RotateKey } from './rotate-key.tsx'
import { SecretShown } from './secret-shown.tsx'

export interface KeyDialogProps {
  readonly of: Key
  readonly door: KeyDoor
  onChange(): unknown
  onClose(): void
}

type Mode = { readonly kind: 'facts' | 'change' | 'rotate' } | { readonly kind: 'secret'; readonly created: CreatedKey }

/** One key: what it is, and what can be done with it. */
export function KeyDialog({ of: key, door, onChange, onClose }: KeyDialogProps) {
  const [mode, setMode] = useState<Mode>({ kind: 'facts' })
  const back = (): void => setMode({ kind: 'facts' })
  const show = (created: CreatedKey): void => {
    setMode({ kind: 'secret', created })
    void onChange()
  }
  async function leave(): Promise<void> {
    if (mode.kind !== 'secret' || (await mayLoseSecret())) onClose()
  }
  return (
    <Dialog key={mode.kind} title={titleOf(mode, key)} onClose={() => void leave()} wide>
      {mode.kind === 'facts' && <Facts of={key} door={door} onMode={setMode} onChange={onChange} />}
      {mode.kind === 'change' && door.change !== undefined && (
        <ChangeKey
          of={key}
          change={door.change}
          onCancel={back}
          onDone={() => {
            void onChange()
            back()
          }}
        />
      )}
      {mode.kind === 'rotate' && <RotateKey of={key} door={door} onCancel={back} onDone={show} />}
      {mode.kind === 'secret' && <SecretShown created={mode.created} onClose={onClose} />}
    </Dialog>
  )
}

interface FactsProps {
  readonly of: Key
  readonly door: KeyDoor
  onMode(mode: Mode): void
  onChange(): unknown
}

function Facts({ of: key, door, onMode, onChange }: FactsProps) {
  const isLive = key.revoked_at === null
  const isMine = useIsOwnKey(key)
  async function revoke(): Promise<void> {
    const agreed = await confirm({
      title: `Revoke ${key.name}?`,
      text: `${isMine ? 'You are logged in with it, and will be logged out. ' : ''}It opens nothing from now on, and what runs with it ends at once, in the middle of a stream too. A revoked key cannot be brought back.`,
      action: 'Revoke',
      danger: true,
    })
    if (!agreed) return
    await door.revoke(key)
    done(`The key ${key.name} is revoked`)
    await onChange()
  }
  return (
    <>
      <p>
        <Mark kind={stateMark(key.state)}>{key.state}</Mark>
      </p>
      <KeyFacts of={key} />
      {isLive && (
        <footer class="buttons">
          <Button kind="danger" onClick={revoke}>
            Revoke
          </Button>
          {key.kind === 'key' && <Button onClick={() => onMode({ kind: 'rotate' })}>New secret</Button>}
          {door.change !== undefined && (
            <Button kind="main" onClick={() => onMode({ kind: 'change' })}>
              Change
            </Button>
          )}
        </footer>
      )}
    </>
  )
}

function titleOf(mode: Mode, { name }: Key): string {
  const titles = {
    facts: `Key ${name}`,
    change: `Change ${name}`,
    rotate: `A new secret for ${name}`,
    secret: `The new secret of ${name}`,
  }
  return titles[mode.kind]
}
