import type { ComponentChildren } from 'preact'
import { ApiError, messageOf } from '../api/api-error.ts'
import type { Asked } from '../api/use-ask.ts'
import { Button } from './button.tsx'
import { Icon } from './icons.tsx'

/** Nothing is there yet; the children say what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="state empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** Takes the room that the answer will take, so that nothing jumps. */
export function Loading({ label = 'Loading', rows = 6 }: { readonly label?: string; readonly rows?: number }) {
  return (
    <div class="state loading" role="status">
      <span class="unseen">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="ghost" />
      ))}
    </div>
  )
}

export function Problem({ error, onRetry }: { readonly error: unknown; onRetry?(): unknown }) {
  return (
    <div class="state problem" role="alert">
      <h2>
        <Icon name="warn" /> {messageOf(error)}
      </h2>
      <p>{adviceFor(error)}</p>
      {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}

/** What was asked for: its answer as soon as there is one, before that the waiting, or what went wrong. */
export function Answer<Value>({
  asked,
  children,
  rows,
}: {
  readonly asked: Asked<Value>
  children(value: Value): ComponentChildren
  readonly rows?: number
}) {
  if (asked.answer !== null) {
    return (
      <>
        {asked.error !== null && <Problem error={asked.error} onRetry={() => asked.reload()} />}
        {children(asked.answer)}
      </>
    )
  }
  if (asked.error !== null) return <Problem error={asked.error} onRetry={() => asked.reload()} />
  return <Loading {...(rows !== undefined && { rows })} />
}

function adviceFor(error: unknown): string {
  if (!(error instanceof ApiError)) return 'This is a mistake of this page. Loading it again may help.'
  if (error.status === 0) return 'Is it running? This page goes on by itself as soon as it answers.'
  if (error.status === 403) return 'Log in with a key that may do this.'
  return `Error ${error.status}, code ${error.code}.`
}
