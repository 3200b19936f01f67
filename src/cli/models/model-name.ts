import { parseAnyModelName } from '../../lib/model-name.ts'
import { CommandFailure } from '../command-failure.ts'

/** What no gateway would take is not asked for. Returns the name as the lists have it. */
export function checkModelName(model: string): string {
  const parsed = parseAnyModelName(model)
  if (parsed.kind === 'invalid')
    throw new CommandFailure(`${JSON.stringify(model)} is not the name of a model`, { exitCode: 2 })
  return parsed.canonical
}
