import { messageOf } from '../api/api-error.ts'
import { createStore, useStore } from '../store.ts'
import { Icon } from './icons.tsx'

interface Notice {
  readonly id: number
  readonly kind: 'done' | 'problem'
  readonly text: string
}

const SHOWN_MS = 6_000
const MOST = 4

const notices = createStore<readonly Notice[]>([])
let count = 0

/** Says at the edge of the page that something is done; goes by itself. */
export function done(text: string): void {
  const id = add('done', text)
  setTimeout(() => dismiss(id), SHOWN_MS)
}

/** Says what went wrong; stays until it is closed. */
export function problem(error: unknown): void {
  add('problem', messageOf(error))
}

function add(kind: Notice['kind'], text: string): number {
  const id = (count += 1)
  notices.set([...notices.get(), { id, kind, text }].slice(-MOST))
  return id
}

function dismiss(id: number): void {
  notices.set(notices.get().filter((each) => each.id !== id))
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {useStore(notices).map(({ id, kind, text }) => (
        <div key={id} class={`notice ${kind}`}>
          <Icon name={kind === 'done' ? 'good' : 'warn'} />
          <span>{text}</span>
          <button class="button quiet small" type="button" aria-label="Close this notice" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
