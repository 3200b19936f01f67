import { type Command, InvalidArgumentError } from 'commander'
import { addUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { UpstreamProbe } from '../../admin/upstream-schemas.ts'
import { addGatewayOptions, openRunningGateway } from '../running-gateway.ts'
import type { StoreOptions } from '../options.ts'
import { shortTimeText } from '../status/amounts.ts'
import type { Terminal } from '../terminal.ts'

interface AddOptions extends StoreOptions {
  readonly priority?: number
  readonly memory?: string
  readonly slots?: string
  readonly wake?: string
  readonly wakeAddress?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function upstreamAdd(command: Command, terminal: Terminal): void {
  addGatewayOptions(
    command.argument('<name>', 'what it is called').argument('<url>', 'where it is, such as http://10.0.0.5:11434'),
  )
    .option('--priority <number>', 'lower is preferred (default: 1)', parsePriority)
    .option('--memory <size>', 'what its models may take, such as 24GB (default: no limit)')
    .option('--slots <number>', 'requests that one loaded model answers at a time (default: auto)')
    .option('--wake <mac>', 'hardware address to wake its machine by')
    .option('--wake-address <address>', 'where the packet that wakes it is sent (default: 255.255.255.255)')
    .option('--dry-run', 'only look whether it is there')
    .option('--json', 'print a JSON object')
    .action(async (...given: [name: string, url: string, options: unknown, self: Command]) => {
      const [name, url, , self] = given
      const options = self.optsWithGlobals<AddOptions>()
      const { administration } = await openRunningGateway(terminal, options)
      const { priority, memory, slots, wake: mac, wakeAddress: address, dryRun: dry_run } = options
      const wake = mac === undefined ? undefined : { mac, address }
      const input = { name, url, priority, memory, slots, wake, dry_run }
      const added = await administration.call(addUpstreamRoute, { input })
      if (options.json) return terminal.print(JSON.stringify(added, null, 2))
      const done = added.upstream === null ? 'was not added, as you asked' : 'is added'
      terminal.print(`Upstream "${name}" ${done}: ${probeText(added.probe)}`)
    })
}

function probeText({ reachable, version, models, took_ms: tookMs, fault }: UpstreamProbe): string {
  if (!reachable) return `it does not answer now (${fault ?? 'no reason'})`
  const count = models === null ? 'its list of models could not be read' : countText(models.length)
  return `Ollama ${version ?? ''} answers in ${shortTimeText(tookMs ?? 0)}, ${count}`
}

function countText(count: number): string {
  return count === 1 ? '1 model' : `${count} models`
}

function parsePriority(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be a whole number; lower is preferred.')
}
