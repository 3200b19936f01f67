import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { createStore, useStore } from '../store.ts'
import { Button } from './button.tsx'
import { Icon } from './icons.tsx'

export interface DialogProps {
  readonly title: string
  readonly children: ComponentChildren
  /** Escape, the cross, or a press of the browser's way back. */
  onClose(): void
  /** Of a form that takes more room. */
  readonly wide?: boolean
}

/** Modal for as long as it is drawn; the browser keeps the focus inside and gives it back. */
export function Dialog({ title, children, onClose, wide = false }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const dialog = element.current
    if (dialog !== null && !dialog.open) dialog.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button class="button quiet small" type="button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}

export interface Question {
  readonly title: string
  readonly text: ComponentChildren
  /** What the button that does it says. */
  readonly action: string
  readonly danger?: boolean
}

interface Pending extends Question {
  answer(agreed: boolean): void
}

const pending = createStore<Pending | null>(null)

/** Asks before something that cannot be undone. */
export function confirm(question: Question): Promise<boolean> {
  pending.get()?.answer(false)
  return new Promise((resolve) => {
    pending.set({
      ...question,
      answer(agreed) {
        pending.set(null)
        resolve(agreed)
      },
    })
  })
}

/** Stands once in the page. */
export function Confirmation() {
  const question = useStore(pending)
  if (question === null) return null
  const { title, text, action, danger = false, answer } = question
  return (
    <Dialog title={title} onClose={() => answer(false)}>
      <div>{text}</div>
      <footer class="buttons">
        <Button onClick={() => answer(false)}>Cancel</Button>
        <Button kind={danger ? 'danger' : 'main'} onClick={() => answer(true)}>
          {action}
        </Button>
      </footer>
    </Dialog>
  )
}
