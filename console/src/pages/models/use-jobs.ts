import { useEffect, useRef, useState } from 'preact/hooks'
import type { Job } from '../../admin-types.ts'
import { onLiveEvent } from '../../api/live.ts'
import { useAsk } from '../../api/use-ask.ts'

/** Changes of models that the gateway carries out; `onEnd` hears when one is over. Null until they are known. */
export function useJobs(onEnd: () => unknown): readonly Job[] | null {
  const asked = useAsk('GET /admin/jobs')
  const [told, setTold] = useState<readonly Job[] | null>(null)
  const jobs = told ?? asked.answer?.jobs ?? null
  useEffect(() => onLiveEvent('jobs', (news) => setTold(news.jobs)), [])
  const before = useRef<readonly string[]>([])
  useEffect(() => {
    const running = (jobs ?? []).filter(({ state }) => state === 'running').map(({ id }) => id)
    if (before.current.some((id) => !running.includes(id))) void onEnd()
    before.current = running
  }, [jobs, onEnd])
  return jobs
}
