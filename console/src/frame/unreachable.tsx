import { useEffect } from 'preact/hooks'
import { resumeSession } from '../api/log-in.ts'
import { ApiError } from '../api/api-error.ts'
import { Problem } from '../parts/states.tsx'

const AGAIN_MS = 2_000

/** The page is there and the gateway is not. */
export function Unreachable() {
  useEffect(() => {
    const timer = setInterval(() => void resumeSession(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [])
  const error = new ApiError({ status: 0, code: 'unreachable', message: 'The gateway does not answer' })
  return <Problem error={error} onRetry={resumeSession} />
}
