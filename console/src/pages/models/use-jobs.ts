import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job } from '../../admin-types.ts'
import { jobs as toldJobs } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { useStore } from '../../store.ts'

/** The gateway reads the list of a server again a moment after it was changed. */
const SETTLED_MS = 3_000

/** Changes of models that the gateway carries out; `onEnd` hears when one is over. Null until they are known. */
export function useJobs(onEnd: () => unknown): readonly Job[] | null {
  const asked = useAsk('GET /admin/jobs')
  const jobs = useStore(toldJobs) ?? asked.answer?.jobs ?? null
  const before = useRef<readonly string[]>([])
  const [ended, setEnded] = useState(0)
  useEffect(() => {
    const running = (jobs ?? []).filter(({ state }) => state === 'running').map(({ id }) => id)
    const gone = before.current.filter((id) => !running.includes(id)).length
    before.current = running
    if (gone > 0) setEnded((count) => count + gone)
  }, [jobs])
  useEffect(() => {
    if (ended === 0) return
    void onEnd()
    const timer = setTimeout(() => void onEnd(), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [ended, onEnd])
  return jobs
}
