import { useEffect } from 'preact/hooks'
import { startLive, stopLive } from './api/live.ts'
import { arrive } from './api/log-in.ts'
import { session } from './api/session.ts'
import { Frame } from './frame/frame.tsx'
import { LogInPage } from './frame/log-in-page.tsx'
import { Unreachable } from './frame/unreachable.tsx'
import { loadTheRest } from './lazy.tsx'
import { Confirmation } from './parts/dialog.tsx'
import { Notices } from './parts/notices.tsx'
import { Loading } from './parts/states.tsx'
import { useStore } from './store.ts'

/** By then what somebody came for is there. */
const IDLE_MS = 1_000

export function App() {
  return (
    <>
      <Shown />
      <Confirmation />
      <Notices />
    </>
  )
}

function Shown() {
  const state = useStore(session)
  const isIn = state.kind === 'in'
  useEffect(() => {
    void arrive()
    // A link that is pasted into a page that is open does not load it anew.
    const look = (): void => void (location.hash.startsWith('#link=') && arrive())
    window.addEventListener('hashchange', look)
    return () => window.removeEventListener('hashchange', look)
  }, [])
  useEffect(() => {
    if (!isIn) return
    startLive()
    const timer = setTimeout(() => void loadTheRest(), IDLE_MS)
    return () => {
      clearTimeout(timer)
      stopLive()
    }
  }, [isIn])
  switch (state.kind) {
    case 'asking':
      return <Loading label="Asking the gateway" />
    case 'unreachable':
      return <Unreachable />
    case 'out':
      return <LogInPage because={state.because} />
    case 'in':
      return <Frame session={state.session} />
  }
}
