import type { Command } from 'commander'
import { cancelJobRoute } from '../../admin/model-jobs.ts'
import { addGatewayOptions, openRunningGateway } from '../running-gateway.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function jobCancel(command: Command, terminal: Terminal): void {
  addGatewayOptions(command.argument('<id>', 'as "corral job list" shows it')).action(
    async (id: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const { administration } = await openRunningGateway(terminal, options)
      const { state } = await administration.call(cancelJobRoute, { params: { id } })
      const isOver = state === 'done' || state === 'failed'
      terminal.say(isOver ? `Job ${id} is over already: ${state}` : `Job ${id} is cancelled`)
    },
  )
}
