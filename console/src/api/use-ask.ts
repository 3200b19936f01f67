import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { useStore } from '../store.ts'
import { ask, type Given, type Output, type RouteName } from './ask.ts'
import { connection } from './live.ts'

export interface Asked<Answer> {
  /** The last answer to this very question; stays while it is asked again. */
  readonly answer: Answer | null
  readonly error: unknown
  readonly loading: boolean
  /** Asks again. */
  reload(): Promise<void>
}

interface Known<Name extends RouteName> extends Omit<Asked<Output<Name>>, 'reload'> {
  /** What it is the answer to. */
  readonly question: string | null
}

/** Asks when the component appears and whenever what is given changes; `null` asks nothing yet. */
export function useAsk<Name extends RouteName>(name: Name, given: Given<Name> | null = {}): Asked<Output<Name>> {
  const question = given === null ? null : JSON.stringify(given)
  const nothing: Known<Name> = { question, answer: null, error: null, loading: true }
  const [state, setState] = useState(nothing)
  const running = useRef<AbortController | null>(null)

  const reload = useCallback(async () => {
    if (question === null) return
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    const begun: Known<Name> = { question, answer: null, error: null, loading: true }
    setState((before) => (before.question === question ? { ...before, loading: true } : begun))
    try {
      const answer = await ask(name, { ...(JSON.parse(question) as Given<Name>), signal: controller.signal })
      if (!controller.signal.aborted) setState({ question, answer, error: null, loading: false })
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error, loading: false }))
    }
  }, [name, question])

  useEffect(() => {
    void reload()
    return () => running.current?.abort()
  }, [reload])
  useReconnection(reload)
  return { ...(state.question === question ? state : nothing), reload }
}

/** Whatever was shown while the gateway was away is asked again when it is back. */
function useReconnection(reload: () => unknown): void {
  const { state } = useStore(connection)
  const wasLost = useRef(false)
  useEffect(() => {
    if (state === 'open' && wasLost.current) void reload()
    wasLost.current = state === 'lost' || (wasLost.current && state !== 'open')
  }, [state, reload])
}
