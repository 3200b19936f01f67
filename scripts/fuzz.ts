import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** `npm run fuzz [TIMES]`: the properties of the tunnel's wire with that many times the runs of `npm test`. */
const DEFAULT_TIMES = 100
const HOURS_MS = 6 * 3_600_000

const root = join(import.meta.dirname, '..')
const times = Number(process.argv[2] ?? DEFAULT_TIMES)
if (!(times >= 1)) {
  console.error(`fuzz wants how many times the usual runs, from 1, not "${process.argv[2] ?? ''}"`)
  process.exit(2)
}
const program = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(
  process.execPath,
  [program, 'run', '--project=unit', `--testTimeout=${HOURS_MS}`, 'src/tunnel/wire', ...process.argv.slice(3)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, CORRAL_FUZZ: String(times) } },
)
process.exitCode = status ?? 1
