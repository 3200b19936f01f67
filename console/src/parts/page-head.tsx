import type { ComponentChildren } from 'preact'

/** The top of every page: what it is, and what can be done here. */
export function PageHead({
  title,
  children,
  note,
}: {
  readonly title: string
  readonly note?: ComponentChildren
  readonly children?: ComponentChildren
}) {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {note !== undefined && <p class="note">{note}</p>}
      </div>
      <div class="buttons">{children}</div>
    </header>
  )
}
