import type { Command } from 'commander'
import { isInStep, planSync, type UpstreamPlan } from '../../admin/sync-plan.ts'
import { CommandFailure } from '../command-failure.ts'
import { confirm } from '../models/confirm.ts'
import { addGatewayOptions, findGateway, type GatewayOptions } from '../gateway-target.ts'
import { openProgressBoard } from '../models/progress-board.ts'
import { planText } from '../models/plan-text.ts'
import { readFleet } from '../models/read-fleet.ts'
import { runSync, type SyncStep } from '../models/run-sync.ts'
import { untilStopped } from '../models/until-stopped.ts'
import type { Terminal } from '../terminal.ts'

interface SyncOptions extends GatewayOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly prune?: boolean
  readonly json?: boolean
}

export function modelsSync(command: Command, terminal: Terminal): void {
  addGatewayOptions(command, 'scopes admin and models:write')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do it without asking')
    .option('--prune', 'remove what is not in models.desired, too')
    .option('--json', 'print a JSON object with the plan and what became of it')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<SyncOptions>()
      const target = await findGateway(terminal, options)
      const plans = planSync(await readFleet(target), { prune: options.prune === true })
      if (plans.length === 0) throw new CommandFailure('The config of the gateway has nothing under models.desired')
      if (!options.json) for (const line of planText(plans)) terminal.print(line)
      const goes = await mayGoOn(terminal, plans, options)
      const steps = goes ? await carryOut(terminal, plans, target) : []
      if (options.json) terminal.print(JSON.stringify({ plan: plans, steps }, null, 2))
      report(terminal, steps)
      const left = plans.filter(({ problem }) => problem !== null).map(({ upstream }) => upstream)
      const failed = steps.filter(({ outcome }) => outcome !== 'done')
      if (failed.length > 0) throw new CommandFailure(`${failed.length} of ${steps.length} steps were not done`)
      if (left.length > 0 && options.dryRun !== true) throw new CommandFailure(`Left out: ${left.join(', ')}`)
    })
}

/** The plan comes first, and somebody agrees to it. */
async function mayGoOn(terminal: Terminal, plans: readonly UpstreamPlan[], options: SyncOptions): Promise<boolean> {
  if (options.dryRun === true || isInStep(plans)) return false
  if (options.yes === true) return true
  if (await confirm(terminal, 'Do this?')) return true
  throw new CommandFailure('Nothing was changed')
}

async function carryOut(
  terminal: Terminal,
  plans: readonly UpstreamPlan[],
  target: Awaited<ReturnType<typeof findGateway>>,
): Promise<SyncStep[]> {
  const board = openProgressBoard(terminal)
  try {
    return await untilStopped(terminal, (signal) => runSync(plans, { target, board, signal }))
  } finally {
    board.close()
  }
}

function report(terminal: Terminal, steps: readonly SyncStep[]): void {
  for (const { upstream, action, model, outcome, error } of steps) {
    if (outcome === 'failed') terminal.say(`${upstream}: could not ${action} ${model}: ${error ?? ''}`)
    if (outcome === 'skipped') terminal.say(`${upstream}: did not ${action} ${model}: ${error ?? ''}`)
  }
  const done = steps.filter(({ outcome }) => outcome === 'done').length
  if (done > 0) terminal.say(`${done} of ${steps.length} steps are done`)
}
