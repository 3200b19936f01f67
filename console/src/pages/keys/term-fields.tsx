import { status } from '../../api/live.ts'
import { CheckField, SelectField, TextField } from '../../parts/field.tsx'
import { useStore } from '../../store.ts'
import { ends, type FormField, type GrantedScope, type KeyForm, scopeFields } from './key-form.ts'
import { limitFields } from './limit-fields.ts'

export interface TermFieldsProps {
  readonly form: KeyForm
  readonly wrong: { readonly field: FormField; readonly message: string } | null
  set(changes: Partial<KeyForm>): void
}

export function ScopeFields({ form, wrong, set, offered }: TermFieldsProps & { readonly offered: readonly string[] }) {
  const toggle = (scope: GrantedScope, checked: boolean): void => {
    const others = form.scopes.filter((each) => each !== scope)
    set({ scopes: checked ? [...others, scope] : others })
  }
  return (
    <fieldset>
      <legend>It may</legend>
      <div class="checks">
        {scopeFields
          .filter(({ name }) => offered.includes(name))
          .map(({ name, label, says }) => (
            <CheckField
              key={name}
              label={label}
              hint={says}
              checked={form.scopes.includes(name)}
              onChange={(checked) => toggle(name, checked)}
            />
          ))}
      </div>
      <Wrong wrong={wrong} field="scopes" />
    </fieldset>
  )
}

export function ReachFields({ form, set }: TermFieldsProps) {
  const upstreams = useStore(status)?.upstreams ?? []
  return (
    <div class="fields">
      <TextField
        label="Models"
        hint="Names or patterns such as qwen3*, with commas between. Empty: every local one."
        value={form.models}
        choices={[...new Set(upstreams.flatMap(({ models }) => models))]}
        onInput={(models) => set({ models })}
      />
      <TextField
        label="Upstreams"
        hint="Names, with commas between. Empty: all."
        value={form.upstreams}
        choices={upstreams.map(({ name }) => name)}
        onInput={(upstreams) => set({ upstreams })}
      />
    </div>
  )
}

export function EndField({ form, wrong, set, own = false }: TermFieldsProps & { readonly own?: boolean }) {
  const never = own ? 'With the key you are logged in with, else never' : 'Never'
  const options = ends.map(({ id, label }) => ({ value: id, label: id === 'never' ? never : label }))
  return (
    <div class="fields">
      <SelectField label="It ends" value={form.end} options={options} onChange={(end) => set({ end })} />
      {form.end === 'at' && (
        <TextField
          label="Day and time"
          hint="Where you are."
          type="datetime-local"
          value={form.endAt}
          error={wrong?.field === 'end' ? wrong.message : null}
          onInput={(endAt) => set({ endAt })}
        />
      )}
    </div>
  )
}

const classes = [
  { value: 'interactive', label: 'Interactive: somebody waits for it' },
  { value: 'batch', label: 'Batch: only where nobody waits interactively' },
] as const

export function QueueFields({ form, wrong, set }: TermFieldsProps) {
  return (
    <div class="fields">
      <SelectField
        label="In the queue"
        value={form.class}
        options={classes}
        onChange={(value) => set({ class: value })}
      />
      <TextField
        label="Weight"
        hint="Two gets twice the turns of one."
        type="number"
        value={form.weight}
        error={wrong?.field === 'weight' ? wrong.message : null}
        onInput={(weight) => set({ weight })}
      />
    </div>
  )
}

export function LimitFields({ form, wrong, set, hint }: TermFieldsProps & { readonly hint?: string }) {
  return (
    <fieldset>
      <legend>Limits</legend>
      <p class="hint">{hint ?? 'Empty is no limit of its own; 500k and 2M are numbers too.'}</p>
      <div class="fields">
        {limitFields.map(({ name, label }) => (
          <TextField
            key={name}
            label={label}
            value={form.limits[name]}
            onInput={(text) => set({ limits: { ...form.limits, [name]: text } })}
          />
        ))}
      </div>
      <Wrong wrong={wrong} field="limits" />
    </fieldset>
  )
}

function Wrong({ wrong, field }: Pick<TermFieldsProps, 'wrong'> & { readonly field: FormField }) {
  if (wrong?.field !== field) return null
  return (
    <p class="hint wrong" role="alert">
      {wrong.message}
    </p>
  )
}
