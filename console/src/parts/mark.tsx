import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icons.tsx'

export type MarkKind = 'good' | 'bad' | 'warn' | 'idle' | 'busy' | 'pause'

const icons: Readonly<Record<MarkKind, IconName>> = {
  good: 'good',
  bad: 'bad',
  warn: 'warn',
  idle: 'idle',
  busy: 'busy',
  pause: 'pause',
}

/** A state in a word, with a shape and a colour of its own. */
export function Mark({
  kind,
  children,
  title,
}: {
  readonly kind: MarkKind
  readonly children: ComponentChildren
  readonly title?: string
}) {
  return (
    <span class={`mark ${kind}`} title={title}>
      <Icon name={icons[kind]} />
      {children}
    </span>
  )
}
