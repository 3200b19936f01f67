import type { Command } from 'commander'
import { statusRoute } from '../../admin/status.ts'
import { drainUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { UpstreamView } from '../../admin/upstream-schemas.ts'
import { CommandFailure } from '../command-failure.ts'
import { addGatewayOptions, openRunningGateway, type RunningGateway } from '../running-gateway.ts'
import type { StoreOptions } from '../options.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'

interface DrainOptions extends StoreOptions {
  readonly wait?: boolean
  readonly json?: boolean
}

const LOOK_EVERY_MS = 500

export function upstreamDrain(command: Command, terminal: Terminal): void {
  addGatewayOptions(command.argument('<name>', 'what to send nothing new to'))
    .option('--wait', 'end when nothing runs there any more')
    .option('--json', 'print a JSON object')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<DrainOptions>()
      const gateway = await openRunningGateway(terminal, options)
      let upstream = await gateway.administration.call(drainUpstreamRoute, { params: { name } })
      if (options.wait === true) upstream = await untilIdle(terminal, gateway, upstream)
      if (options.json) return terminal.print(JSON.stringify(upstream, null, 2))
      const left = upstream.running === 0 ? 'nothing runs there' : `${upstream.running} run there to their end`
      terminal.say(`Upstream "${name}" gets nothing new until "corral upstream enable ${name}"; ${left}`)
    })
}

async function untilIdle(
  terminal: Terminal,
  { administration }: RunningGateway,
  first: UpstreamView,
): Promise<UpstreamView> {
  let isStopped = false
  let wakeUp = (): void => {}
  void stopSignal(terminal.host).then(() => {
    isStopped = true
    wakeUp()
  })
  let upstream = first
  while (upstream.running > 0) {
    await new Promise<void>((resolve) => {
      wakeUp = resolve
      setTimeout(resolve, LOOK_EVERY_MS)
    })
    if (isStopped) throw new CommandFailure(`Not waited for: "${upstream.name}" goes on draining by itself`)
    const { upstreams } = await administration.call(statusRoute)
    const now = upstreams.find(({ name }) => name === upstream.name)
    if (now === undefined) throw new CommandFailure(`Upstream "${upstream.name}" is not there any more`)
    if (now.held !== 'draining') throw new CommandFailure(`Upstream "${upstream.name}" was enabled meanwhile`)
    upstream = now
  }
  return upstream
}
