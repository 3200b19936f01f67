import { useState } from 'preact/hooks'
import type { User } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { session } from '../../api/session.ts'
import { Button } from '../../parts/button.tsx'
import { confirm, Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { done } from '../../parts/notices.tsx'
import { Time } from '../../parts/time.tsx'
import { linkTo } from '../../place.ts'
import { useStore } from '../../store.ts'
import { Fact } from '../keys/key-facts.tsx'
import { limitChanges, limitFields, limitsText, limitTexts, parseLimits } from '../keys/limit-fields.ts'

interface UserDialogProps {
  readonly of: User
  onChange(): unknown
  onClose(): void
}

export function UserDialog({ of: user, onChange, onClose }: UserDialogProps) {
  const [changing, setChanging] = useState(false)
  return (
    <Dialog
      key={String(changing)}
      title={changing ? `Change ${user.name}` : `User ${user.name}`}
      onClose={onClose}
      wide
    >
      {changing ? (
        <ChangeUser
          of={user}
          onCancel={() => setChanging(false)}
          onDone={() => {
            setChanging(false)
            void onChange()
          }}
        />
      ) : (
        <UserFacts of={user} onChange={onChange} onClose={onClose} onChanging={() => setChanging(true)} />
      )}
    </Dialog>
  )
}

function UserFacts({ of: user, onChange, onClose, onChanging }: UserDialogProps & { onChanging(): void }) {
  const state = useStore(session)
  const isMe = state.kind === 'in' && state.session.user === user.name
  return (
    <>
      <p>
        <Mark kind={user.state === 'active' ? 'good' : 'pause'}>{user.state}</Mark>
      </p>
      <UserTerms of={user} />
      {isMe && (
        <p class="hint">This is you: to disable or delete yourself would log you out, so another admin has to.</p>
      )}
      <footer class="buttons">
        {!isMe && <EndingButtons of={user} onChange={onChange} onClose={onClose} />}
        {user.state === 'disabled' && <Button onClick={() => enable(user).then(onChange)}>Enable</Button>}
        <a class="button" href={linkTo('keys', ['new'], { user: user.name })}>
          New key
        </a>
        <Button kind="main" onClick={onChanging}>
          Change
        </Button>
      </footer>
    </>
  )
}

function UserTerms({ of: user }: { readonly of: User }) {
  return (
    <dl class="terms">
      <Fact name="Role">{user.role}</Fact>
      <Fact name="Keys">
        <a href={linkTo('keys', [], { user: user.name })}>{user.active_keys} active</a>
      </Fact>
      <Fact name="Limits">{limitsText(user.limits) || 'none'}</Fact>
      <Fact name="Used">
        <a href={linkTo('usage', [], { by: 'user' })}>See the usage</a>
      </Fact>
      <Fact name="Made">
        <Time at={user.created_at} />
      </Fact>
      <Fact name="Last used">
        <Time at={user.last_used_at} otherwise="never" />
      </Fact>
      <Fact name="Id">
        <code>{user.id}</code>
      </Fact>
    </dl>
  )
}

function EndingButtons({ of: user, onChange, onClose }: UserDialogProps) {
  return (
    <>
      <Button kind="danger" onClick={async () => (await remove(user)) && onClose()}>
        Delete
      </Button>
      {user.state === 'active' && <Button onClick={async () => (await disable(user)) && onChange()}>Disable</Button>}
    </>
  )
}

/** False: it was thought better of. */
async function disable({ name, active_keys }: User): Promise<boolean> {
  const agreed = await confirm({
    title: `Disable ${name}?`,
    text: `None of the ${active_keys} keys opens anything, and what runs with them ends at once, until the user is enabled again.`,
    action: 'Disable',
    danger: true,
  })
  if (!agreed) return false
  await ask('POST /admin/users/disable', { input: { name } })
  done(`${name} is disabled`)
  return true
}

async function enable({ name }: User): Promise<void> {
  await ask('POST /admin/users/enable', { input: { name } })
  done(`${name} is enabled`)
}

async function remove({ id, name }: User): Promise<boolean> {
  const agreed = await confirm({
    title: `Delete ${name}?`,
    text: 'The keys and what runs with them end at once, for good. The name is free again; the ledger and the audit log keep what was.',
    action: 'Delete',
    danger: true,
  })
  if (!agreed) return false
  await ask('DELETE /admin/users/:id', { params: { id } })
  done(`${name} is deleted`)
  return true
}

export const roles = [
  { value: 'member', label: 'Member: sees and manages what is their own' },
  { value: 'admin', label: 'Admin: keys may have every scope' },
] as const

interface ChangeUserProps {
  readonly of: User
  onCancel(): void
  onDone(): void
}

function ChangeUser({ of: user, onCancel, onDone }: ChangeUserProps) {
  const [role, setRole] = useState(user.role)
  const [texts, setTexts] = useState(() => limitTexts(user.limits))
  const [wrong, setWrong] = useState<string | null>(null)
  async function save(): Promise<void> {
    const parsed = parseLimits(texts)
    if (parsed.kind === 'problem') return setWrong(parsed.message)
    const limits = limitChanges(user.limits, parsed.limits)
    if (limits !== undefined || role !== user.role) {
      const input = { name: user.name, ...(role !== user.role && { role }), ...(limits !== undefined && { limits }) }
      await ask('POST /admin/users/change', { input })
      done(`${user.name} is changed`)
    }
    onDone()
  }
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      <SelectField
        label="Role"
        value={role}
        options={roles}
        onChange={(value) => setRole(value)}
        hint={
          user.role === 'admin' && role === 'member'
            ? 'All keys lose admin, metrics and agent at once; one that has nothing else is revoked.'
            : undefined
        }
      />
      <UserLimits texts={texts} onChange={setTexts} wrong={wrong} />
      <footer class="buttons">
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="main" type="submit" onClick={save}>
          Save
        </Button>
      </footer>
    </form>
  )
}

interface UserLimitsProps {
  readonly texts: ReturnType<typeof limitTexts>
  onChange(texts: ReturnType<typeof limitTexts>): void
  readonly wrong: string | null
}

export function UserLimits({ texts, onChange, wrong }: UserLimitsProps) {
  return (
    <fieldset>
      <legend>Limits of all keys together</legend>
      <p class="hint">Empty is no limit; 500k and 2M are numbers too.</p>
      <div class="fields">
        {limitFields.map(({ name, label }) => (
          <TextField
            key={name}
            label={label}
            value={texts[name]}
            onInput={(text) => onChange({ ...texts, [name]: text })}
          />
        ))}
      </div>
      {wrong !== null && (
        <p class="hint wrong" role="alert">
          {wrong}
        </p>
      )}
    </fieldset>
  )
}
