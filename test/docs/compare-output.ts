/** Whether the page shows what was printed. A line `...` in the page stands for any lines, also none. */
export function isOutput(shown: string, printed: string): boolean {
  return matches(linesOf(shown), linesOf(printed))
}

function matches(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown
  if (first === undefined) return printed.length === 0
  if (first.trim() === '...') return printed.some((_line, i) => matches(rest, printed.slice(i))) || matches(rest, [])
  return first === printed[0] && matches(rest, printed.slice(1))
}

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd())
}
