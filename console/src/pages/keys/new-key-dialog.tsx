import { useState } from 'preact/hooks'
import type { CreatedKey } from '../../admin-types.ts'
import { session } from '../../api/session.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useStore } from '../../store.ts'
import type { KeyDoor } from './key-door.ts'
import { emptyKeyForm, type FormContext, type KeyForm, newKeyBody, usualScopes } from './key-form.ts'
import { mayLoseSecret } from './keep-secret.ts'
import { SecretShown } from './secret-shown.tsx'
import { EndField, LimitFields, QueueFields, ReachFields, ScopeFields, type TermFieldsProps } from './term-fields.tsx'

type Kind = FormContext['kind']

interface NewKeyDialogProps {
  readonly kind: Kind
  readonly door: KeyDoor
  /** Whose key it is to be; empty: of whoever is logged in. */
  readonly user: string
  onClose(): void
}

export function NewKeyDialog({ kind, door, user, onClose }: NewKeyDialogProps) {
  const [created, setCreated] = useState<CreatedKey | null>(null)
  const title = kind === 'agent' ? 'New agent key' : 'New key'
  async function leave(): Promise<void> {
    if (created === null || (await mayLoseSecret())) onClose()
  }
  return (
    <Dialog
      key={created?.id}
      title={created === null ? title : `Key ${created.name}`}
      onClose={() => void leave()}
      wide
    >
      {created === null ? (
        <NewKeyForm kind={kind} door={door} user={user} onCancel={onClose} onCreated={setCreated} />
      ) : (
        <SecretShown created={created} onClose={onClose} />
      )}
    </Dialog>
  )
}

interface NewKeyFormProps extends Omit<NewKeyDialogProps, 'onClose'> {
  onCancel(): void
  onCreated(created: CreatedKey): void
}

function NewKeyForm({ kind, door, user, onCancel, onCreated }: NewKeyFormProps) {
  const state = useStore(session)
  const asker = state.kind === 'in' ? state.session : null
  const offered = asker?.scopes ?? []
  const [form, setForm] = useState<KeyForm>({
    ...emptyKeyForm,
    user: user === '' ? (asker?.user ?? '') : user,
    scopes: usualScopes.filter((scope) => offered.includes(scope)),
  })
  const [wrong, setWrong] = useState<TermFieldsProps['wrong']>(null)
  const set: TermFieldsProps['set'] = (changes) => setForm((before) => ({ ...before, ...changes }))
  const fields = { form, wrong, set, kind }
  async function create(): Promise<void> {
    const result = newKeyBody(form, { now: Date.now(), kind })
    if (result.kind === 'problem') return setWrong(result)
    setWrong(null)
    onCreated(await door.create(result.body))
  }
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      {kind === 'agent' && (
        <p class="note">
          For corral agent, which runs beside an Ollama that nobody can reach. The key opens the door for agents and
          nothing else.
        </p>
      )}
      <NameFields {...fields} />
      {kind === 'agent' ? <PoolField {...fields} /> : <ScopeFields {...fields} offered={offered} />}
      <EndField {...fields} own={kind === 'own'} />
      {kind !== 'agent' && <MoreTerms {...fields} />}
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="main" type="submit" onClick={create}>
          Create
        </Button>
      </footer>
    </form>
  )
}

type PartProps = TermFieldsProps & { readonly kind: Kind }

function NameFields({ kind, form, wrong, set }: PartProps) {
  return (
    <div class="fields">
      <TextField
        label="Name"
        hint={
          kind === 'agent' ? 'The machine that it is for, such as home-pc.' : 'What it is for, such as laptop or ci.'
        }
        value={form.name}
        error={wrong?.field === 'name' ? wrong.message : null}
        autoFocus
        autoComplete="off"
        onInput={(name) => set({ name })}
      />
      {kind !== 'own' && (
        <TextField
          label="User"
          hint="Whose key it is: somebody who is there."
          value={form.user}
          onInput={(user) => set({ user })}
        />
      )}
    </div>
  )
}

function PoolField({ form, set }: PartProps) {
  return (
    <TextField
      label="Pools"
      hint="Pools of the config that it may join, with commas between. Empty: default."
      value={form.pools}
      onInput={(pools) => set({ pools })}
    />
  )
}

const formats = [
  { value: 'crl', label: 'crl_..., with a checksum' },
  { value: 'ollama-uuid', label: 'OLLAMA-UUID, for what expects one' },
] as const

/** What most keys do not need. */
function MoreTerms({ kind, ...fields }: PartProps) {
  const isWrongInside = fields.wrong?.field === 'limits' || fields.wrong?.field === 'weight'
  return (
    <details open={isWrongInside || undefined}>
      <summary>Models, limits and more</summary>
      <div class="form">
        <ReachFields {...fields} />
        <LimitFields
          {...fields}
          {...(kind === 'own' && { hint: 'Empty is as with the key that you are logged in with; no wider than that.' })}
        />
        <QueueFields {...fields} />
        {kind === 'key' && (
          <SelectField
            label="Shape of the secret"
            value={fields.form.format}
            options={formats}
            onChange={(format) => fields.set({ format })}
          />
        )}
      </div>
    </details>
  )
}
