import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface About {
  readonly label: string
  /** What belongs here, in a line. */
  readonly hint?: string | undefined
  /** What is wrong with it. */
  readonly error?: string | null | undefined
}

export interface ControlProps {
  readonly id: string
  readonly 'aria-describedby': string
  readonly 'aria-invalid': boolean
}

/** A label, a control, and what is said about it; the control takes the properties that tie them together. */
export function Field({ label, hint, error, children }: About & { children(props: ControlProps): ComponentChildren }) {
  const id = useId()
  const note = `${id}-note`
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': note, 'aria-invalid': error != null })}
      <p id={note} class={error == null ? 'hint' : 'hint wrong'} role={error == null ? undefined : 'alert'}>
        {error ?? hint}
      </p>
    </div>
  )
}

export interface TextFieldProps extends About {
  readonly value: string
  onInput(value: string): void
  readonly type?: 'text' | 'password' | 'number' | 'url' | 'search' | 'datetime-local' | 'date'
  readonly placeholder?: string
  readonly required?: boolean
  readonly autoFocus?: boolean
  readonly autoComplete?: string
  /** More than one line. */
  readonly rows?: number
  /** Offered while typing. */
  readonly choices?: readonly string[]
}

export function TextField({ label, hint, error, ...control }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (control.rows === undefined ? <Line {...control} {...props} /> : <Lines {...control} {...props} />)}
    </Field>
  )
}

type TextControl = Omit<TextFieldProps, 'label' | 'hint' | 'error'> & ControlProps

function Line({ onInput, choices, autoFocus, type = 'text', rows: _, ...rest }: TextControl) {
  const listId = useId()
  return (
    <>
      <input
        {...rest}
        // For the union of all inputs tsc wants one literal.
        // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
        type={type as 'text'}
        spellcheck={false}
        autofocus={autoFocus}
        list={choices === undefined ? undefined : listId}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {choices !== undefined && (
        <datalist id={listId}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </>
  )
}

function Lines({ onInput, autoFocus, type: _type, choices: _choices, ...rest }: TextControl) {
  return (
    <textarea
      {...rest}
      spellcheck={false}
      autofocus={autoFocus}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  )
}

export interface SelectFieldProps<Value extends string> extends About {
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  onChange(value: Value): void
}

export function SelectField<Value extends string>({
  label,
  hint,
  error,
  value,
  options,
  onChange,
}: SelectFieldProps<Value>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <select
          {...props}
          value={value}
          onChange={(event) => {
            const found = options.find((option) => option.value === event.currentTarget.value)
            if (found !== undefined) onChange(found.value)
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

export interface CheckFieldProps {
  readonly label: string
  readonly hint?: string
  readonly checked: boolean
  readonly disabled?: boolean
  onChange(checked: boolean): void
}

export function CheckField({ label, hint, checked, disabled = false, onChange }: CheckFieldProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint !== undefined && <small>{hint}</small>}
      </span>
    </label>
  )
}
