import { useState } from 'preact/hooks'
import type { Key } from '../../admin-types.ts'
import { Button } from '../../parts/button.tsx'
import { done } from '../../parts/notices.tsx'
import type { KeyDoor } from './key-door.ts'
import { formOf, keyChangeBody, type FormField } from './key-form.ts'
import { EndField, LimitFields, QueueFields, ReachFields } from './term-fields.tsx'

interface ChangeKeyProps {
  readonly of: Key
  readonly change: NonNullable<KeyDoor['change']>
  onCancel(): void
  onDone(): void
}

export function ChangeKey({ of: key, change, onCancel, onDone }: ChangeKeyProps) {
  const [form, setForm] = useState(() => formOf(key))
  const [wrong, setWrong] = useState<{ readonly field: FormField; readonly message: string } | null>(null)
  const fields = {
    form,
    wrong,
    set: (changes: Partial<typeof form>) => setForm((before) => ({ ...before, ...changes })),
  }
  async function save(): Promise<void> {
    const result = keyChangeBody(key, form, Date.now())
    if (result.kind === 'problem') return setWrong(result)
    setWrong(null)
    if (result.body !== null) {
      await change(result.body)
      done(`The key ${key.name} is changed`)
    }
    onDone()
  }
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      <p class="note">
        Holds within a second, for what is connected too. What it may do cannot be changed: make another key for that.
      </p>
      <ReachFields {...fields} />
      <EndField {...fields} />
      <QueueFields {...fields} />
      <LimitFields {...fields} />
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="main" type="submit" onClick={save}>
          Save
        </Button>
      </footer>
    </form>
  )
}
