import type { Command } from 'commander'
import { fleetTable } from '../models/fleet-table.ts'
import { addGatewayOptions, findGateway, type GatewayOptions } from '../gateway-target.ts'
import { readFleet } from '../models/read-fleet.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function modelsList(command: Command, terminal: Terminal): void {
  addGatewayOptions(command, 'scope admin')
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<GatewayOptions & { json?: boolean }>()
      const { upstreams, models } = await readFleet(await findGateway(terminal, options))
      if (options.json) return terminal.print(JSON.stringify(models, null, 2))
      for (const { name, state, models: list } of upstreams) {
        if (list === null) terminal.say(`${name}: ${state}, its list of models was never read`)
        else if (state === 'down') terminal.say(`${name}: down, this is what it had`)
      }
      if (models.length === 0) return terminal.say('There are no models; "corral models pull MODEL" brings one')
      const rows = fleetTable(models, terminal.host.stdout.columns || Infinity)
      const style = (text: string, { row }: { row: number }): string =>
        row === 0 ? terminal.style('bold', text, 'stdout') : text
      for (const line of renderTable(rows, style)) terminal.print(line)
      if (models.some(({ differs }) => differs))
        terminal.say('Where digests stand, the files under that name differ: a pull brings the newest')
    })
}
