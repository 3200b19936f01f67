import type { Command } from 'commander'
import type { FleetModels } from '../../admin/model-schemas.ts'
import { CommandFailure } from '../command-failure.ts'
import { confirm } from '../models/confirm.ts'
import { addGatewayOptions, findGateway, type GatewayOptions, type GatewayTarget } from '../gateway-target.ts'
import { checkModelName } from '../models/model-name.ts'
import { requestModels } from '../models/model-requests.ts'
import { readFleetIfAllowed } from '../models/read-fleet.ts'
import { parseUpstreamChoice } from '../models/upstream-choice.ts'
import type { Terminal } from '../terminal.ts'

interface RemoveOptions extends GatewayOptions {
  readonly on?: readonly string[]
  readonly yes?: boolean
}

/** As many upstreams a request can name. */
const MOST_NAMES = 64

export function modelsRm(command: Command, terminal: Terminal): void {
  addGatewayOptions(command.argument('<model>', 'what to remove'), 'scope models:write')
    .option(
      '--on <names>',
      'upstreams to remove it from, with commas between, or all (default: all that have it)',
      parseUpstreamChoice,
    )
    .option('--yes', 'do not ask, however many upstreams there are')
    .action(async (model: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<RemoveOptions>()
      const target = await findGateway(terminal, options)
      const on = await placesOf(target, model, options.on ?? ['*'])
      if (on.length !== 1 || on[0] === '*') {
        const where = on.includes('*') ? 'every upstream that this key may reach' : on.join(', ')
        const agreed = options.yes === true || (await confirm(terminal, `Remove ${model} from ${where}?`))
        if (!agreed) throw new CommandFailure('Nothing was removed')
      }
      const request = { method: 'DELETE', path: '/api/delete', body: { model }, on } as const
      const { upstreams, error } = await requestModels(target, request)
      if (error !== null) throw new CommandFailure(`${model} was not removed: ${error}`)
      terminal.print(`${model} is gone from ${upstreams.join(', ')}`)
    })
}

/** The upstreams that have it, and those that a pool stands for, where the key may know; else as they were named. */
async function placesOf(target: GatewayTarget, model: string, named: readonly string[]): Promise<readonly string[]> {
  const canonical = checkModelName(model)
  const fleet = await readFleetIfAllowed(target)
  if (fleet === undefined) return named
  if (named[0] !== '*') return named.flatMap((name) => agentsOf(fleet, name))
  const having = fleet.upstreams.filter(
    ({ provider, models }) => !provider && models?.some(({ name }) => name === canonical),
  )
  if (having.length === 0) throw new CommandFailure(`No upstream has ${model}`)
  // All of them are as good as their names, and as short as it gets: one that lacks the model does not mind.
  return having.length > MOST_NAMES ? ['*'] : having.map(({ name }) => name)
}

/** An upstream stands for itself; of a pool that nobody has joined the gateway shall speak. */
function agentsOf({ upstreams }: FleetModels, name: string): readonly string[] {
  if (upstreams.some((upstream) => upstream.name === name)) return [name]
  const agents = upstreams.filter(({ pool }) => pool === name).map((upstream) => upstream.name)
  return agents.length === 0 ? [name] : agents
}
