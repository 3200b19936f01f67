import { STATUS_CODES } from 'node:http'

export interface DocumentedError {
  readonly status: number
  readonly retryable: boolean
  readonly message: string
  readonly help: string
}

const introduction = `# Errors

<!-- Generated from src/errors/catalogue.ts by \`npm run docs:gen\`; do not edit. -->

Every error that Corral itself makes carries its code in the header \`corral-error\`; errors of the Ollama behind it have no
such header and pass unchanged. The body is in the shape of the API that was called: \`{"error": "text"}\` under \`/api\`, the
OpenAI or Anthropic error object under \`/v1\`. The text often says more than the sentence below: it names the model, the
field or the scope.

*Again* says whether the same request may succeed later without anybody changing anything; such answers may carry
\`retry-after\`, the others carry \`x-should-retry: false\`. After the first byte of an answer an error comes as its last line
or event, with the same text; where the API has no room for that, the connection is reset. No answer that was cut short
ends like a whole one.
`

/** The page of docs/errors.md. */
export function errorDocs(catalogue: Readonly<Record<string, DocumentedError>>): string {
  const statuses = [...new Set(Object.values(catalogue).map((entry) => entry.status))].toSorted((a, b) => a - b)
  const sections = statuses.map((status) => {
    const rows = Object.entries(catalogue).flatMap(([code, entry]) =>
      entry.status === status ? [row(code, entry)] : [],
    )
    return [
      `## ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd(),
      '',
      '| code | says | again | what to do |',
      '|---|---|---|---|',
      ...rows,
    ].join('\n')
  })
  return `${introduction}\n${sections.join('\n\n')}\n`
}

/** The codes that a page documents, in its order. */
export function documentedCodes(page: string): string[] {
  return [...page.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? '')
}

function row(code: string, entry: DocumentedError): string {
  return `| \`${code}\` | ${cell(entry.message)} | ${entry.retryable ? 'yes' : 'no'} | ${cell(entry.help)} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
