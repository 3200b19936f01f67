import { useState } from 'preact/hooks'
import type { CreatedUser, User } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { session } from '../../api/session.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useStore } from '../../store.ts'
import { emptyKeyForm, type FormField, nameProblem } from '../keys/key-form.ts'
import { mayLoseSecret } from '../keys/keep-secret.ts'
import { limitTexts, parseLimits } from '../keys/limit-fields.ts'
import { SecretShown } from '../keys/secret-shown.tsx'
import { ScopeFields } from '../keys/term-fields.tsx'
import { roles, UserLimits } from './user-dialog.tsx'

const adminScopes = ['admin', 'metrics']

export function NewUserDialog({ onClose }: { onClose(): void }) {
  const [created, setCreated] = useState<CreatedUser | null>(null)
  async function leave(): Promise<void> {
    if (created === null || (await mayLoseSecret())) onClose()
  }
  return (
    <Dialog
      key={created?.user.id}
      title={created === null ? 'New user' : `The first key of ${created.user.name}`}
      onClose={() => void leave()}
      wide
    >
      {created === null ? (
        <NewUserForm onCancel={onClose} onCreated={setCreated} />
      ) : (
        <SecretShown created={created.key} onClose={onClose} />
      )}
    </Dialog>
  )
}

function NewUserForm({ onCancel, onCreated }: { onCancel(): void; onCreated(created: CreatedUser): void }) {
  const state = useStore(session)
  const [name, setName] = useState('')
  const [role, setRole] = useState<User['role']>('member')
  const [form, setForm] = useState(emptyKeyForm)
  const [texts, setTexts] = useState(() => limitTexts({}))
  const [wrong, setWrong] = useState<{ readonly field: FormField; readonly message: string } | null>(null)
  const held = state.kind === 'in' ? state.session.scopes : []
  const offered = held.filter((scope) => role === 'admin' || !adminScopes.includes(scope))
  async function create(): Promise<void> {
    const scopes = form.scopes.filter((scope) => offered.includes(scope))
    const parsed = parseLimits(texts)
    if (scopes.length === 0)
      return setWrong({ field: 'scopes', message: 'Choose at least one thing that the key may do' })
    const problem = nameProblem(name.trim())
    if (problem !== undefined) return setWrong(problem)
    if (parsed.kind === 'problem') return setWrong({ field: 'limits', message: parsed.message })
    setWrong(null)
    const limits = Object.keys(parsed.limits).length > 0 ? { limits: parsed.limits } : {}
    onCreated(await ask('POST /admin/users', { input: { name: name.trim(), role, scopes: [...scopes], ...limits } }))
  }
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      <div class="fields">
        <TextField
          label="Name"
          hint="A person or an app. A first key is made with it."
          value={name}
          error={wrong?.field === 'name' ? wrong.message : null}
          autoFocus
          autoComplete="off"
          onInput={setName}
        />
        <SelectField label="Role" value={role} options={roles} onChange={(value) => setRole(value)} />
      </div>
      <ScopeFields
        form={form}
        wrong={wrong}
        set={(changes) => setForm((before) => ({ ...before, ...changes }))}
        offered={offered}
      />
      <UserLimits texts={texts} onChange={setTexts} wrong={wrong?.field === 'limits' ? wrong.message : null} />
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="main" type="submit" onClick={create}>
          Create
        </Button>
      </footer>
    </form>
  )
}
