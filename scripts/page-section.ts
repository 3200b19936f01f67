/** The page with other text between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. */
export function replaceSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const start = page.indexOf(begin)
  const stop = page.indexOf(end)
  if (start < 0 || stop < start) throw new Error(`The page has no section "${name}"`)
  return `${page.slice(0, start + begin.length)}\n${text}\n${page.slice(stop)}`
}
