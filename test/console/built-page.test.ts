import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../system/harness/start-gateway.ts'

const folder = join(ROOT, 'console/dist')
const files = globSync('**/*.{html,js,css,svg,txt}', { cwd: folder })

it('takes up to 120 KB on the way, all of its pages together', () => {
  const bytes = files.reduce((sum, file) => sum + statSync(join(folder, `${file}.gz`)).size, 0)
  expect(bytes).toBeGreaterThan(20_000)
  expect(bytes).toBeLessThanOrEqual(120 * 1024)
})

it('takes up to 40 KB until the first page is there', () => {
  const first = [...readFileSync(join(folder, 'index.html'), 'utf8').matchAll(/assets\/[\w.-]+/g)].map(([path]) => path)
  expect(first.length).toBeGreaterThanOrEqual(2)
  expect(first.reduce((sum, path) => sum + statSync(join(folder, `${path}.gz`)).size, 0)).toBeLessThanOrEqual(40 * 1024)
})

it('has nothing inline, and nothing from elsewhere', () => {
  const page = readFileSync(join(folder, 'index.html'), 'utf8')
  expect(page).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/i)
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^\.\//)
  for (const file of files.filter((name) => name.endsWith('.css'))) {
    expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/url\(\s*['"]?(?:https?:)?\/\//)
  }
})

it('says whose work it holds', () => {
  expect(readFileSync(join(folder, 'licences.txt'), 'utf8')).toMatch(/preact[\s\S]*MIT[\s\S]*uplot[\s\S]*MIT/)
})
