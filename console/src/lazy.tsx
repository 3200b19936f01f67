import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Loading, Problem } from './parts/states.tsx'

/** A page whose code comes when somebody goes there. */
export function lazy(load: () => Promise<FunctionComponent>): FunctionComponent {
  let loaded: FunctionComponent | null = null
  return function Lazy() {
    const [error, setError] = useState<unknown>(null)
    const [Shown, setShown] = useState(() => loaded)
    useEffect(() => {
      if (Shown !== null) return
      load().then((component) => {
        loaded = component
        setShown(() => component)
      }, setError)
    }, [Shown])
    if (Shown !== null) return <Shown />
    return error === null ? <Loading /> : <Problem error={error} onRetry={() => location.reload()} />
  }
}
