import type { Command } from 'commander'
import { statusRoute, type WholeStatus } from '../../admin/status.ts'
import type { StoreOptions } from '../options.ts'
import { addGatewayOptions, openRunningGateway, type RunningGateway } from '../running-gateway.ts'
import { followStatus } from '../status/follow-status.ts'
import { painter } from '../status/painter.ts'
import { statusLines } from '../status/status-lines.ts'
import type { Terminal } from '../terminal.ts'

interface StatusOptions extends StoreOptions {
  readonly json?: boolean
  readonly once?: boolean
}

export function status(command: Command, terminal: Terminal): void {
  addGatewayOptions(command)
    .option('--once', 'print it once in place of following it')
    .option('--json', 'print a JSON object, once')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StatusOptions>()
      const gateway = await openRunningGateway(terminal, options)
      const read = (): Promise<WholeStatus> => gateway.administration.call(statusRoute)
      const first = await read()
      if (options.json) return terminal.print(JSON.stringify(first, null, 2))
      if (options.once || !terminal.host.stdout.isTTY) return printOnce(terminal, gateway, first)
      await followStatus(terminal, { first, read, url: gateway.url })
    })
}

function printOnce(terminal: Terminal, { url }: RunningGateway, status: WholeStatus): void {
  const { isTTY, columns } = terminal.host.stdout
  // What is not for a terminal is not cut to one.
  const width = isTTY ? columns || 80 : Infinity
  const lines = statusLines({ status, url, now: Date.now() }, { width, paint: painter(terminal) })
  for (const line of lines) terminal.print(line)
}
