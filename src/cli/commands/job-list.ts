import type { Command } from 'commander'
import type { JobView } from '../../admin/job-schemas.ts'
import { listJobsRoute } from '../../admin/model-jobs.ts'
import { localTime, printList } from '../print-list.ts'
import { addGatewayOptions, openRunningGateway } from '../running-gateway.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function jobList(command: Command, terminal: Terminal): void {
  addGatewayOptions(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const { administration } = await openRunningGateway(terminal, options)
      const { jobs } = await administration.call(listJobsRoute)
      printList(terminal, jobs, {
        json: options.json ?? false,
        columns: {
          ID: ({ id }) => id,
          JOB: ({ kind, model }) => (model === null ? kind : `${kind} ${model}`),
          STATE: ({ state }) => state,
          DONE: doneText,
          BY: ({ user }) => user ?? '-',
          STARTED: ({ started_at: at }) => localTime(at),
          FAULT: ({ steps }) =>
            steps.flatMap(({ upstream, error }) => (error === null ? [] : `${upstream}: ${error}`)).join('; '),
        },
        empty: 'No job runs, and none has ended lately; "corral models pull MODEL --on all --background" begins one',
      })
    })
}

/** Of what is moved, as far as that is known; else of its steps. */
function doneText({ state, steps }: JobView): string {
  const done = `${steps.filter((step) => step.state === 'done').length} of ${steps.length}`
  const total = steps.reduce((sum, { total_bytes: bytes }) => sum + (bytes ?? 0), 0)
  const moved = steps.reduce((sum, { completed_bytes: bytes }) => sum + (bytes ?? 0), 0)
  return state === 'running' && total > 0 ? `${done}, ${Math.floor((100 * moved) / total)} %` : done
}
