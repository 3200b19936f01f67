import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ask, type Given, type Output, type RouteName } from './ask.ts'

export interface Asked<Answer> {
  /** The last answer; stays while it is asked again. */
  readonly answer: Answer | null
  readonly error: unknown
  readonly loading: boolean
  /** Asks again. */
  reload(): Promise<void>
}

/** Asks when the component appears and whenever what is given changes; `null` asks nothing yet. */
export function useAsk<Name extends RouteName>(name: Name, given: Given<Name> | null = {}): Asked<Output<Name>> {
  const [state, setState] = useState<Omit<Asked<Output<Name>>, 'reload'>>({ answer: null, error: null, loading: true })
  const running = useRef<AbortController | null>(null)
  const question = given === null ? null : JSON.stringify(given)

  const reload = useCallback(async () => {
    if (question === null) return
    running.current?.abort()
    const controller = new AbortController()
    running.current = controller
    setState((before) => ({ ...before, loading: true }))
    try {
      const answer = await ask(name, { ...(JSON.parse(question) as Given<Name>), signal: controller.signal })
      if (!controller.signal.aborted) setState({ answer, error: null, loading: false })
    } catch (error) {
      if (!controller.signal.aborted) setState((before) => ({ ...before, error, loading: false }))
    }
  }, [name, question])

  useEffect(() => {
    void reload()
    return () => running.current?.abort()
  }, [reload])
  return { ...state, reload }
}
