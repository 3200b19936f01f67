/** One fenced block of a page, with the runner that the comment before it names. */
export interface Snippet {
  readonly runner: string
  /** Why it is not run, of the runner `none`. */
  readonly reason: string | undefined
  readonly heading: string
  readonly code: string
}

const comment = /^<!-- run: (\w+)(?: \((.+)\))? -->$/

/** The fenced blocks of a page. One without a runner has the runner `missing`: it would be tested by nobody. */
export function readSnippets(page: string): Snippet[] {
  const snippets: Snippet[] = []
  let heading = ''
  let runner: RegExpExecArray | null = null
  let code: string[] | undefined
  for (const line of page.split('\n')) {
    if (code === undefined && line.startsWith('## ')) heading = line.slice(3)
    if (line.startsWith('```') && code !== undefined) {
      snippets.push({ runner: runner?.[1] ?? 'missing', reason: runner?.[2], heading, code: `${code.join('\n')}\n` })
      code = undefined
      runner = null
    } else if (line.startsWith('```')) {
      code = []
    } else if (code !== undefined) {
      code.push(line)
    } else {
      runner = comment.exec(line) ?? runner
    }
  }
  return snippets
}
