import type { Command } from 'commander'
import type { AdminRoute } from '../admin/admin-route.ts'
import type { UpstreamView } from '../admin/upstream-schemas.ts'
import type { StoreOptions } from './options.ts'
import { addGatewayOptions, openRunningGateway } from './running-gateway.ts'
import type { Terminal } from './terminal.ts'

export interface UpstreamCommand {
  /** What the name is of. */
  readonly subject: string
  readonly route: AdminRoute<unknown, UpstreamView>
  /** What is said when it is done. */
  told(upstream: UpstreamView): string
}

/** A command that does one thing to one upstream of a running gateway. */
export function defineUpstreamCommand(
  command: Command,
  terminal: Terminal,
  { subject, route, told }: UpstreamCommand,
): void {
  addGatewayOptions(command.argument('<name>', subject))
    .option('--json', 'print a JSON object')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const { administration } = await openRunningGateway(terminal, options)
      const upstream = await administration.call(route, { params: { name } })
      if (options.json) return terminal.print(JSON.stringify(upstream, null, 2))
      terminal.say(told(upstream))
    })
}
