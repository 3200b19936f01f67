import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../system/harness/start-gateway.ts'
import { openWorkspace } from './page-workspace.ts'
import { readPage } from './read-snippets.ts'

it('the first commands of the README install, start and let a client in, in a clone without any package', async () => {
  const { snippets } = readPage(readFileSync(join(ROOT, 'README.md'), 'utf8'))
  const [start, connect] = snippets.filter(({ runner }) => runner === 'shell')
  expect(start?.code).toContain('npm ci')
  await using page = await openWorkspace({ install: true })
  await page.shell(start?.code ?? '')
  await page.shell(connect?.code ?? '')
})
