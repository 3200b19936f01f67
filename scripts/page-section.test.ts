import { expect, it } from 'vitest'
import { replaceSection } from './page-section.ts'

it('replaces what stands between the marks, and nothing else', () => {
  const page = 'a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n'
  const after = 'a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n'
  expect(replaceSection(page, 'x', 'new')).toBe(after)
  expect(replaceSection(after, 'x', 'new')).toBe(after)
  expect(() => replaceSection(page, 'y', 'new')).toThrow('The page has no section "y"')
})
