import type { Command } from 'commander'
import type { Administration } from './administration.ts'
import {
  addGatewayOptions as addTargetOptions,
  atKeyboard,
  findGateway,
  type GatewayOptions,
} from './gateway-target.ts'
import { createRemoteAdministration } from './remote-administration.ts'
import type { Terminal } from './terminal.ts'

/** For commands that only a running gateway can answer. */
export interface RunningGateway {
  readonly url: string
  readonly administration: Administration
}

export function addGatewayOptions(command: Command): Command {
  return addTargetOptions(command, 'scope admin')
}

export async function openRunningGateway(terminal: Terminal, options: GatewayOptions): Promise<RunningGateway> {
  const target = await findGateway(terminal, options)
  const administration = createRemoteAdministration(target)
  return {
    url: target.server,
    administration: {
      call: (route, request) =>
        administration.call(route, request).catch((error: unknown) => {
          throw atKeyboard(error)
        }),
      close: () => administration.close(),
    },
  }
}
