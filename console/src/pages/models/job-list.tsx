import { useState } from 'preact/hooks'
import type { Job } from '../../admin-types.ts'
import { ask } from '../../api/ask.ts'
import { formatBytes, formatMs } from '../../format.ts'
import { Bar } from '../../parts/bar.tsx'
import { Button } from '../../parts/button.tsx'
import { Mark, type MarkKind } from '../../parts/mark.tsx'
import { Time } from '../../parts/time.tsx'
import { inert } from '../logs/log-text.ts'
import { jobTitle, progressOf, remainingMs, type Step } from './job-progress.ts'

const jobMarks: Readonly<Record<Job['state'], MarkKind>> = {
  running: 'busy',
  done: 'good',
  failed: 'bad',
  cancelled: 'pause',
}

/** What runs, and what has ended lately until it is put away. */
export function JobList({ jobs }: { readonly jobs: readonly Job[] }) {
  const [hidden, setHidden] = useState<readonly string[]>([])
  const shown = jobs.filter(({ id, state }) => state === 'running' || !hidden.includes(id)).slice(0, 12)
  if (shown.length === 0) return null
  const hasEnded = shown.some(({ state }) => state !== 'running')
  return (
    <section class="jobs" aria-label="Changes of models">
      {shown.map((job) => (
        <JobCard key={job.id} of={job} />
      ))}
      {hasEnded && (
        <Button
          kind="quiet"
          onClick={() => setHidden(jobs.filter(({ state }) => state !== 'running').map(({ id }) => id))}
        >
          Put away what has ended
        </Button>
      )}
    </section>
  )
}

function JobCard({ of: job }: { readonly of: Job }) {
  const { done, steps, failed } = progressOf(job)
  const isRunning = job.state === 'running'
  return (
    <article class="card job">
      <header>
        <h2>{jobTitle(job)}</h2>
        <Mark kind={jobMarks[job.state]}>{job.state}</Mark>
        <span class="note">
          {done} of {steps} done{failed > 0 && `, ${failed} not`} · by {job.user ?? 'the machine'}{' '}
          <Time at={job.ended_at ?? job.started_at} />
        </span>
        {isRunning && (
          <Button
            label={`Cancel: ${jobTitle(job)}`}
            title="What was pulled so far is kept for the next pull"
            onClick={() => ask('DELETE /admin/jobs/:id', { params: { id: job.id } })}
          >
            Cancel
          </Button>
        )}
      </header>
      {(isRunning || failed > 0) && (
        <ul class="job-steps">
          {job.steps.map((step) => (
            <StepLine key={`${step.upstream} ${step.model} ${step.action}`} of={step} withModel={job.model === null} />
          ))}
        </ul>
      )}
    </article>
  )
}

const stepMarks: Readonly<Record<Step['state'], MarkKind>> = {
  waiting: 'idle',
  running: 'busy',
  done: 'good',
  failed: 'bad',
  skipped: 'warn',
  cancelled: 'pause',
}

function StepLine({ of: step, withModel }: { readonly of: Step; readonly withModel: boolean }) {
  const { upstream, action, model, state, status, total_bytes, completed_bytes, bytes_per_second, error } = step
  const left = remainingMs(step)
  return (
    <li class="job-step">
      <Mark kind={stepMarks[state]}>{upstream}</Mark>
      {withModel && (
        <span class="cut" title={model}>
          {action} {model}
        </span>
      )}
      {total_bytes === null ? (
        <span class={error === null ? 'note cut' : 'wrong'}>{inert(error ?? (status === '' ? state : status))}</span>
      ) : (
        <>
          <Bar value={completed_bytes ?? 0} max={total_bytes} label={`${model} on ${upstream}`} />
          <span class={error === null ? 'number note' : 'wrong'}>
            {error === null ? (
              <>
                {formatBytes(completed_bytes)} of {formatBytes(total_bytes)}
                {bytes_per_second !== null && `, ${formatBytes(bytes_per_second)}/s`}
                {left !== null && `, ${formatMs(left)} left`}
              </>
            ) : (
              inert(error)
            )}
          </span>
        </>
      )}
    </li>
  )
}
