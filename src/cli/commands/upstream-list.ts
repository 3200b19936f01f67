import type { Command } from 'commander'
import { statusRoute } from '../../admin/status.ts'
import { printList } from '../print-list.ts'
import { addGatewayOptions, openRunningGateway } from '../running-gateway.ts'
import type { StoreOptions } from '../options.ts'
import { bytesText } from '../status/amounts.ts'
import type { Terminal } from '../terminal.ts'

export function upstreamList(command: Command, terminal: Terminal): void {
  addGatewayOptions(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const { administration } = await openRunningGateway(terminal, options)
      const { upstreams } = await administration.call(statusRoute)
      printList(terminal, upstreams, {
        json: options.json ?? false,
        columns: {
          NAME: ({ name }) => name,
          STATE: ({ state, fault }) => (state === 'down' && fault !== null ? `down: ${fault}` : state),
          FROM: ({ origin, agent }) => (agent === null ? origin : `pool ${agent.pool}`),
          URL: ({ url }) => (url === '' ? '-' : url),
          PRIORITY: ({ priority }) => String(priority),
          MEMORY: ({ memory_bytes: bytes }) => (bytes === null ? '-' : bytesText(bytes)),
          RUNNING: ({ running }) => String(running),
          MODELS: ({ models }) => String(models.length),
        },
        empty: 'There are no upstreams yet; "corral upstream add NAME URL" adds one',
      })
    })
}
