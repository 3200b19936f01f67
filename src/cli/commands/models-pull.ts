import type { Command } from 'commander'
import { CommandFailure } from '../command-failure.ts'
import { addGatewayOptions, findGateway, type GatewayOptions } from '../gateway-target.ts'
import { checkModelName } from '../models/model-name.ts'
import { requestModels } from '../models/model-requests.ts'
import { openProgressBoard } from '../models/progress-board.ts'
import { ServersProgress } from '../models/server-progress.ts'
import { untilStopped } from '../models/until-stopped.ts'
import { parseUpstreamChoice } from '../models/upstream-choice.ts'
import type { Terminal } from '../terminal.ts'

export function modelsPull(command: Command, terminal: Terminal): void {
  addGatewayOptions(command.argument('<model>', 'what to pull, such as qwen3:8b'), 'scope models:write')
    .option(
      '--on <names>',
      'upstreams to pull on, with commas between, or all (default: one that the gateway chooses)',
      parseUpstreamChoice,
    )
    .action(async (model: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<GatewayOptions & { on?: readonly string[] }>()
      checkModelName(model)
      const target = await findGateway(terminal, options)
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
