import { useState } from 'preact/hooks'
import type { CreatedKey, Key } from '../../admin-types.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/field.tsx'
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
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]['value']>('86400')
  return (
    <div class="form">
      <p>
        Name, terms, limits and what it has used stay. Browsers that are logged in with this key are logged out at once.
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
        <Button kind="main" onClick={async () => onDone(await door.rotate(key, Number(overlap)))}>
          Make the new secret
        </Button>
      </footer>
    </div>
  )
}
