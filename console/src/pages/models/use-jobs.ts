import { useEffect, useRef } from 'preact/hooks'
import type { Job } from '../../admin-types.ts'
import { jobs as toldJobs } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'
import { useStore } from '../../store.ts'

/** Changes of models that the gateway carries out; `onEnd` hears when one is over. Null until they are known. */
export function useJobs(onEnd: () => unknown): readonly Job[] | null {
  const asked = useAsk('GET /admin/jobs')
  const jobs = useStore(toldJobs) ?? asked.answer?.jobs ?? null
  const before = useRef<readonly string[]>([])
  useEffect(() => {
    const running = (jobs ?? []).filter(({ state }) => state === 'running').map(({ id }) => id)
    if (before.current.some((id) => !running.includes(id))) void onEnd()
    before.current = running
  }, [jobs, onEnd])
  return jobs
}
