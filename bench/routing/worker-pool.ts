import { type ChildProcess, fork } from 'node:child_process'
import type { RunOrder } from './one-run.ts'
import type { Report } from './report.ts'

export interface WorkerPool extends Disposable {
  run(order: RunOrder): Promise<Report>
}

interface Job {
  readonly order: RunOrder
  readonly resolve: (report: Report) => void
}

/** Processes that simulate one run at a time each; a run that fails ends the whole. */
export function startWorkers(program: string, args: readonly string[], count: number): WorkerPool {
  const waiting: Job[] = []
  const idle: ChildProcess[] = []
  const running = new Map<ChildProcess, Job>()
  const all = Array.from({ length: count }, start)

  function start(): ChildProcess {
    const child = fork(program, args)
    child.on('message', (report) => {
      // What comes is what `serveRuns` sends.
      running.get(child)?.resolve(report as Report)
      running.delete(child)
      idle.push(child)
      assign()
    })
    child.on('exit', (code) => {
      if (code !== 0 && code !== null) throw new Error(`A simulating process ended with code ${code}`)
    })
    idle.push(child)
    return child
  }

  function assign(): void {
    while (waiting.length > 0 && idle.length > 0) {
      const [job, child] = [waiting.shift(), idle.shift()]
      if (job === undefined || child === undefined) return
      running.set(child, job)
      child.send(job.order)
    }
  }

  return {
    run(order) {
      return new Promise((resolve) => {
        waiting.push({ order, resolve })
        assign()
      })
    },
    [Symbol.dispose]() {
      for (const child of all) child.kill('SIGTERM')
    },
  }
}

/** The other side, in the process that was started. */
export function serveRuns(run: (order: RunOrder) => Report): void {
  process.on('message', (order) => process.send?.(run(order as RunOrder)))
  process.on('disconnect', () => process.exit())
}
