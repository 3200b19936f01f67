import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { readPage } from '../../docs/read-snippets.ts'
import { ROOT } from '../../system/harness/start-gateway.ts'
import { composeFolders, readServices } from './compose-files.ts'
import { images } from './image-plan.ts'
import { sizeOf, stageImage } from './staged-image.ts'

const page = readFileSync(join(ROOT, 'docs/deploy/docker.md'), 'utf8')
const commands = readPage(page).snippets.flatMap(({ code }) =>
  code.split('\n').filter((line) => line.startsWith('docker ')),
)

describe('the docker commands of the page, which need an engine', () => {
  it('name files that are there', () => {
    const files = commands.flatMap((command) => [...command.matchAll(/ -f (\S+\/\S+)/g)].map(([, file]) => file ?? ''))
    expect(files.length).toBeGreaterThanOrEqual(6)
    for (const file of files) expect([file, existsSync(join(ROOT, file))]).toEqual([file, true])
  })

  it('run images that the page builds, with the volume that they have', () => {
    const built = commands.flatMap((command) => /^docker build .* -t (\S+) \.$/.exec(command)?.[1] ?? [])
    expect(built).toEqual(images)
    const runs = commands.filter((command) => command.startsWith('docker run '))
    expect(runs.map((command) => command.split(' ').at(-1))).toEqual(images)
    for (const run of runs) expect(run).toMatch(/ -v [\w-]+:\/data /)
  })

  it('ask for services that the compose files have', () => {
    const asked = commands.flatMap((command) => {
      const [, folder, service] = /compose\/([\w-]+)\/compose\.yaml (?:logs|exec) (\S+)/.exec(command) ?? []
      const known = composeFolders.find((name) => name === folder)
      return known === undefined ? [] : [[service, Object.keys(readServices(known))] as const]
    })
    expect(asked.length).toBeGreaterThanOrEqual(2)
    for (const [service, services] of asked) expect(services).toContain(service)
  })
})

describe('what the page says of the two Ollamas', () => {
  it('is the config that the compose file mounts', () => {
    const config = readFileSync(join(ROOT, 'deploy/compose/two-ollamas/gateway.yaml'), 'utf8')
    expect(readPage(page).snippets.map(({ code }) => code)).toContain(config)
  })
})

it.each(images)(
  'the size of %s that the page tells is still right to a fifth',
  (image) => {
    const told = Number(new RegExp(`^\\| ${image} \\| all \\| ([\\d.]+) MB`, 'm').exec(page)?.[1])
    const megabytes = sizeOf(stageImage(image, tempFolder()).app).bytes / 1024 / 1024
    expect(told / megabytes).toBeGreaterThan(0.8)
    expect(told / megabytes).toBeLessThan(1.2)
  },
  60_000,
)
