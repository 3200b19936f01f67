import { useState } from 'preact/hooks'
import type { CreatedKey, Key } from '../../admin-types.ts'
import { startLive, stopLive } from '../../api/live.ts'
import { logIn } from '../../api/log-in.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/field.tsx'
import { useIsOwnKey } from './own-key.ts'
import type { KeyDoor } from './key-door.ts'

const overlaps = [
  { value: '86400', label: '24 hours, so that it can be replaced in peace' },
  { value: '3600', label: '1 hour' },
  { value: '604800', label: '7 days' },
  { value: '0', label: 'Not at all: it has leaked' },
] as const

interface RotateKeyProps {
  readonly of: Key
  readonly door: KeyDoor
  onCancel(): void
  onDone(created: CreatedKey): void
}

export function RotateKey({ of: key, door, onCancel, onDone }: RotateKeyProps) {
  const isMine = useIsOwnKey(key)
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]['value']>('86400')
  const rotate = (): Promise<CreatedKey> => door.rotate(key, Number(overlap))
  return (
    <div class="form">
      <p>
        Name, terms, limits and what it has used stay. Browsers that are logged in with this key are logged out at once
        {isMine && '; this one, which is one of them, is logged in again'}.
      </p>
      <SelectField
        label="The secret it has now works for another"
        value={overlap}
        options={overlaps}
        onChange={(value) => setOverlap(value)}
        hint={
          overlap === '0'
            ? 'What runs with it ends at once, in the middle of a stream too.'
            : 'What runs with it then runs to its end.'
        }
      />
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="main" onClick={async () => onDone(await (isMine ? withNewSession(rotate) : rotate()))}>
          Make the new secret
        </Button>
      </footer>
    </div>
  )
}

/** The session ends with the old secret: what is shown now must not go with it, so nobody asks until there is another. */
async function withNewSession(rotate: () => Promise<CreatedKey>): Promise<CreatedKey> {
  stopLive()
  try {
    const created = await rotate()
    await logIn({ key: created.secret })
    return created
  } finally {
    startLive()
  }
}
