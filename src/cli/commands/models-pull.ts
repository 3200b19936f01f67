import type { Command } from 'commander'
import { pullModelRoute } from '../../admin/model-jobs.ts'
import { CommandFailure } from '../command-failure.ts'
import {
  addGatewayOptions,
  atKeyboard,
  findGateway,
  type GatewayOptions,
  type GatewayTarget,
} from '../gateway-target.ts'
import { checkModelName } from '../models/model-name.ts'
import { requestModels } from '../models/model-requests.ts'
import { openProgressBoard } from '../models/progress-board.ts'
import { ServersProgress } from '../models/server-progress.ts'
import { untilStopped } from '../models/until-stopped.ts'
import { parseUpstreamChoice } from '../models/upstream-choice.ts'
import { createRemoteAdministration } from '../remote-administration.ts'
import type { Terminal } from '../terminal.ts'

interface PullOptions extends GatewayOptions {
  readonly on?: readonly string[]
  readonly background?: boolean
}

export function modelsPull(command: Command, terminal: Terminal): void {
  addGatewayOptions(command.argument('<model>', 'what to pull, such as qwen3:8b'), 'scope models:write')
    .option(
      '--on <names>',
      'upstreams to pull on, with commas between, or all (default: one that the gateway chooses)',
      parseUpstreamChoice,
    )
    .option('--background', 'leave it to the gateway, as a job; needs --on, and scope admin as well')
    .action(async (model: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<PullOptions>()
      checkModelName(model)
      const target = await findGateway(terminal, options)
      if (options.background === true) return await leaveToGateway(terminal, target, { model, on: options.on })
      const request = { method: 'POST', path: '/api/pull', body: { model }, on: options.on ?? [] } as const
      const progress = new ServersProgress()
      const board = openProgressBoard(terminal)
      const listener = {
        began: (upstreams: readonly string[]) => progress.began(upstreams),
        line(line: object) {
          progress.heard(line)
          board.show(progress.list())
        },
      }
      const { upstreams, error } = await untilStopped(terminal, (signal) =>
        requestModels(target, request, { listener, signal }),
      ).finally(() => board.close())
      if (error !== null) throw new CommandFailure(`${model} was not pulled everywhere: ${error}`)
      terminal.print(`${model} is on ${upstreams.join(', ')}`)
    })
}

interface JobTerms {
  readonly model: string
  readonly on: readonly string[] | undefined
}

async function leaveToGateway(terminal: Terminal, target: GatewayTarget, { model, on }: JobTerms): Promise<void> {
  if (on === undefined)
    throw new CommandFailure('--background needs --on with names of upstreams, or all', { exitCode: 2 })
  const input = { model, upstreams: [...on] }
  const { id, steps } = await createRemoteAdministration(target)
    .call(pullModelRoute, { input })
    .catch((error: unknown) => {
      throw atKeyboard(error)
    })
  terminal.print(id)
  const places = steps.map(({ upstream }) => upstream).join(', ')
  terminal.say(`The gateway pulls ${model} on ${places}; "corral job list" shows how far it is`)
}
