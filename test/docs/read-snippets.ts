/** One fenced block of a page, with the runner that the comment on the line above it names. */
export interface Snippet {
  /** Of its opening fence, counted from 1. */
  readonly line: number
  readonly runner: string
  /** What stands after the runner: a file name, a command, a reason. */
  readonly argument: string | undefined
  readonly code: string
}

export interface Page {
  readonly snippets: readonly Snippet[]
  /** What is wrong with its fences and markers, each as `line: sentence`. */
  readonly problems: readonly string[]
}

type Marker = Pick<Snippet, 'runner' | 'argument'> & { readonly line: number }

interface Fence {
  readonly line: number
  readonly indent: number
  readonly mark: string
  readonly marker: Marker | undefined
  readonly code: string[]
}

const markerLine = /^\s*<!-- snippet: (\S+)(?: (\S.*))? -->\s*$/
const fenceLine = /^(\s*)(`{3,}|~{3,})/

/** The fenced blocks of a page of Markdown, and every fence that nothing would run. */
export function readPage(page: string): Page {
  const snippets: Snippet[] = []
  const problems: string[] = []
  let marker: Marker | undefined
  let fence: Fence | undefined

  function leaveMarker(): void {
    if (marker !== undefined) problems.push(`${marker.line}: the marker has no fence on the line below it`)
    marker = undefined
  }
  function close(done: Fence): void {
    const { line, code } = done
    if (done.marker === undefined) problems.push(`${line}: the fence has no marker on the line above it`)
    else snippets.push({ ...done.marker, line, code: code.map((part) => `${part}\n`).join('') })
    fence = undefined
  }
  function readOutside(text: string, line: number): void {
    const [, indent = '', mark] = fenceLine.exec(text) ?? []
    if (mark !== undefined) {
      fence = { line, indent: indent.length, mark, marker, code: [] }
      marker = undefined
      return
    }
    leaveMarker()
    const [, runner, argument] = markerLine.exec(text) ?? []
    if (runner !== undefined) marker = { line, runner, argument }
    else if (/<!--\s*snippet/i.test(text))
      problems.push(`${line}: a marker is <!-- snippet: RUNNER --> alone on its line`)
  }

  for (const [i, text] of page.split(/\r?\n/).entries()) {
    if (fence === undefined) readOutside(text, i + 1)
    else if (isEndOf(fence, text)) close(fence)
    else fence.code.push(withoutIndent(text, fence.indent))
  }
  leaveMarker()
  if (fence !== undefined) problems.push(`${fence.line}: the fence is never closed`)
  return { snippets, problems }
}

/** CommonMark 4.5: the same sign, at least as many of it, and nothing else. */
function isEndOf({ mark }: Fence, text: string): boolean {
  const end = text.trim()
  return end.length >= mark.length && end === mark.charAt(0).repeat(end.length)
}

function withoutIndent(text: string, indent: number): string {
  const own = /^\s*/.exec(text)?.[0].length ?? 0
  return text.slice(Math.min(indent, own))
}
