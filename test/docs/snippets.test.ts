/**
 * Every fenced snippet of README.md, docs/agents.md, docs/coming-from.md, docs/console.md, docs/limits.md, docs/live.md, docs/metrics.md, docs/models.md, docs/operations.md,
 * docs/providers.md, docs/upstreams.md, docs/users.md and docs/deploy/*.md does what it says. The comment `<!-- snippet: RUNNER -->` on the line above a fence says what runs it
 * (runners.ts), in order down the page:
 *
 * - `shell`: commands, in a fresh copy of the clone with an empty home and an Ollama in OLLAMA_HOST. Folder and exports
 *   last from snippet to snippet. What starts a gateway is awaited until it is ready and stopped by the next such
 *   command or at the end of the page; an agent is awaited until it is connected and runs to the end. `corral` is there
 *   as where the package is installed. `npm ci` links the packages that are installed here: a real one is part of
 *   snippets.long.test.ts, and CI begins with it.
 * - `output COMMAND`: what the command prints; a line `...` stands for any lines.
 * - `file NAME`, `config [NAME]`: a file for the snippets below; a config that `corral config check` accepts.
 * - `env`: an env file in which every variable sets something.
 * - `unit [NAME]`: a systemd unit, or a drop-in `corral.service.d/NAME.conf` for the one of `corral service install`,
 *   `corral-agent.service.d/NAME.conf` with `--agent`.
 * - `ci`: commands that `.ci/run` runs as they stand.
 * - `illustration REASON`: cannot be run here, and why.
 *
 * In all of them `127.0.0.1:11434` is the Ollama, `127.0.0.1:11435` the gateway, and KEY the key that was printed last.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROOT } from '../system/harness/start-gateway.ts'
import { openWorkspace, type PageWorkspace } from './page-workspace.ts'
import { readPage, type Snippet } from './read-snippets.ts'
import { runners } from './runners.ts'

const minuteMs = 60_000
const paths = [
  'README.md',
  'docs/agents.md',
  'docs/cache.md',
  'docs/coming-from.md',
  'docs/console.md',
  'docs/limits.md',
  'docs/live.md',
  'docs/metrics.md',
  'docs/models.md',
  'docs/operations.md',
  'docs/providers.md',
  'docs/upstreams.md',
  'docs/users.md',
  ...globSync('docs/deploy/*.md', { cwd: ROOT }).toSorted(),
]

function markerProblems({ line, runner, argument }: Snippet): string[] {
  if (runner === 'illustration') return argument === undefined ? [`${line}: an illustration needs its reason`] : []
  return Object.hasOwn(runners, runner) ? [] : [`${line}: there is no runner "${runner}"`]
}

describe.each(paths)('%s', (path) => {
  const { snippets, problems } = readPage(readFileSync(join(ROOT, path), 'utf8'))
  let workspace: Promise<PageWorkspace> | undefined
  afterAll(async () => (await workspace)?.[Symbol.asyncDispose](), minuteMs)

  it('names for every fence what runs it', () => {
    const wrong = [...problems, ...snippets.flatMap(markerProblems)]
    expect(wrong.map((problem) => `${path}:${problem}`)).toEqual([])
    expect(snippets).not.toEqual([])
  })

  it.for(snippets.filter(({ runner }) => Object.hasOwn(runners, runner)))(
    'line $line, $runner',
    { timeout: 5 * minuteMs },
    async (snippet, context) => {
      await runners[snippet.runner]?.(snippet, { workspace: () => (workspace ??= openWorkspace()), context })
    },
  )
})
