import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { problem } from './notices.tsx'

export interface ButtonProps {
  readonly children: ComponentChildren
  /** May take its time: the button is off until it is over, and what it throws is shown as a notice. */
  onClick?(): unknown
  readonly kind?: 'plain' | 'main' | 'danger' | 'quiet' | 'quiet small'
  readonly type?: 'button' | 'submit'
  readonly disabled?: boolean
  /** Where the words on the button are not enough: what it does, and to what. */
  readonly label?: string
  readonly title?: string
}

export function Button({
  children,
  onClick,
  kind = 'plain',
  type = 'button',
  disabled = false,
  label,
  title,
}: ButtonProps) {
  const [busy, setBusy] = useState(false)
  async function press(): Promise<void> {
    if (onClick === undefined) return
    setBusy(true)
    try {
      await onClick()
    } catch (error) {
      problem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <button
      class={`button ${kind}`}
      type={type}
      disabled={disabled}
      aria-disabled={busy}
      aria-label={label}
      title={title}
      onClick={onClick === undefined || busy ? undefined : () => void press()}
    >
      {children}
    </button>
  )
}
