import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { connection } from './api/live.ts'
import { Loading, Problem } from './parts/states.tsx'
import { useStore } from './store.ts'

const later: (() => Promise<unknown>)[] = []

/** Fetches what has not come yet, one after the other, so that every page is there when the gateway is not. */
export async function loadTheRest(): Promise<void> {
  for (const load of later) await load().catch(() => undefined)
}

/** A page whose code comes when somebody goes there, or nothing else is to be done. */
export function lazy(load: () => Promise<FunctionComponent>): FunctionComponent {
  let loaded: FunctionComponent | null = null
  const loadOnce = async (): Promise<FunctionComponent> => (loaded ??= await load())
  later.push(loadOnce)
  return function Lazy() {
    const { state } = useStore(connection)
    const [error, setError] = useState<unknown>(null)
    const [Shown, setShown] = useState(() => loaded)
    // Once more whenever the gateway comes back.
    useEffect(() => {
      if (Shown === null) loadOnce().then((component) => setShown(() => component), setError)
    }, [Shown, state])
    if (Shown !== null) return <Shown />
    return error === null ? <Loading /> : <Problem error={error} onRetry={() => location.reload()} />
  }
}
