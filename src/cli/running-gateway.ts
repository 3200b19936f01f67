import type { Command } from 'commander'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Administration } from './administration.ts'
import { CommandFailure } from './command-failure.ts'
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

/** What is not there is no user and no key here. */
function plain(error: unknown): unknown {
  const isMissing = error instanceof GatewayError && error.code === 'not_found'
  return isMissing ? new CommandFailure(error.message, { cause: error }) : error
}

export async function openRunningGateway(terminal: Terminal, options: GatewayOptions): Promise<RunningGateway> {
  const target = await findGateway(terminal, options)
  const administration = createRemoteAdministration(target)
  return {
    url: target.server,
    administration: {
      call: (route, request) =>
        administration.call(route, request).catch((error: unknown) => {
          throw plain(atKeyboard(error))
        }),
      close: () => administration.close(),
    },
  }
}
