import { useEffect } from 'preact/hooks'
import { formatAbsolute, formatRelative, UNKNOWN } from '../format.ts'
import { createStore, useStore } from '../store.ts'

const clock = createStore(Date.now())
let watchers = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The time, again every second; one timer for the whole page, and none while nobody looks. */
export function useNow(): number {
  useEffect(() => {
    watchers += 1
    timer ??= setInterval(() => {
      if (!document.hidden) clock.set(Date.now())
    }, 1000)
    return () => {
      watchers -= 1
      if (watchers > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }, [])
  return useStore(clock)
}

/** A time as distance from now, the absolute one in its title. */
export function Time({
  at,
  otherwise = UNKNOWN,
}: {
  readonly at: string | number | null
  readonly otherwise?: string
}) {
  const now = useNow()
  if (at === null) return <span class="unknown">{otherwise}</span>
  return (
    <time class="number" dateTime={new Date(at).toISOString()} title={formatAbsolute(at)}>
      {formatRelative(at, now)}
    </time>
  )
}
