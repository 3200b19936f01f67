import { afterAll, describe, expect, it } from 'vitest'
import { version } from '../../src/lib/version.ts'
import { openWorkspace, type PageWorkspace } from './page-workspace.ts'
import { runners } from './runners.ts'

let opened: Promise<PageWorkspace> | undefined
const workspace = (): Promise<PageWorkspace> => (opened ??= openWorkspace())
afterAll(async () => (await opened)?.[Symbol.asyncDispose]())

interface Example {
  readonly runner: string
  readonly argument?: string
  readonly good: string
  readonly bad: string
}

const examples: readonly Example[] = [
  { runner: 'shell', good: 'npm ci\ncorral version', bad: 'corral no-such-command' },
  { runner: 'output', argument: 'corral version', good: `corral ${version}\n`, bad: 'corral is fine' },
  { runner: 'file', argument: 'keys.json', good: '["a"]', bad: '["a"' },
  { runner: 'config', good: 'auth: {token: "${SHARED_TOKEN}"}', bad: 'lisen: 127.0.0.1:0' },
  { runner: 'env', good: '# shared\nAUTH_TOKEN=a-token-of-theirs\nCORRAL_DRAIN=5s', bad: 'CORRAL_DRIAN=5s' },
  { runner: 'unit', argument: 'corral.service.d/a.conf', good: '[Service]\nNice=5', bad: '[Service]\nNiece=5' },
  { runner: 'ci', good: 'npm ci && npm test', bad: 'npm ci && npm run tests' },
]

describe('a runner', () => {
  it.for(examples)('takes what holds and refuses what does not: $runner', async (example, context) => {
    const run = runners[example.runner]
    const snippet = { line: 1, runner: example.runner, argument: example.argument }
    await run?.({ ...snippet, code: example.good }, { workspace, context })
    await expect(run?.({ ...snippet, code: example.bad }, { workspace, context })).rejects.toThrow()
  })

  it('is tried here, each one', () => {
    expect(examples.map(({ runner }) => runner).toSorted()).toEqual(Object.keys(runners).toSorted())
  })
})
