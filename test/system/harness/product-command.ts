import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chosenRuntime, denoCache, runtimeBinary } from '../../../scripts/runtime-list.ts'

const ROOT = join(import.meta.dirname, '../../..')
export const MAIN = join(ROOT, 'src/main.ts')

export interface ProductCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What starts the product with these arguments, on the runtime that `CORRAL_TEST_RUNTIME` names. */
export function productCommand(args: readonly string[]): ProductCommand {
  const runtime = chosenRuntime(process.env)
  const program = runtimeBinary(runtime)
  if (program === undefined) throw new Error(`${runtime} is not installed: run "npm run runtimes"`)
  if (runtime !== 'deno') return { program, args: [MAIN, ...args], env: {} }
  const env = { DENO_NO_PACKAGE_JSON: '1', DENO_NO_UPDATE_CHECK: '1', DENO_DIR: denoCache }
  return { program, args: ['run', '--config', join(ROOT, 'deno.json'), ...denoOptions(), MAIN, ...args], env }
}

/** As the task has them, permissions above all. */
function denoOptions(): string[] {
  const { tasks } = JSON.parse(readFileSync(join(ROOT, 'deno.json'), 'utf8')) as { tasks: { corral: string } }
  return tasks.corral.split(' ').filter((word) => word.startsWith('--'))
}
