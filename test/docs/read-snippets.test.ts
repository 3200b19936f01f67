import { describe, expect, it } from 'vitest'
import { readPage } from './read-snippets.ts'

const page = (...lines: string[]): string => lines.join('\n')

describe('a page', () => {
  it('gives each fence with its line, its runner and what stands after that', () => {
    const text = page(
      '# Title',
      '<!-- snippet: shell -->',
      '```sh',
      'one',
      '',
      'two',
      '```',
      '',
      '<!-- snippet: config corral.yaml -->',
      '~~~yaml',
      'listen: 1',
      '~~~',
    )
    expect(readPage(text)).toEqual({
      snippets: [
        { line: 3, runner: 'shell', argument: undefined, code: 'one\n\ntwo\n' },
        { line: 10, runner: 'config', argument: 'corral.yaml', code: 'listen: 1\n' },
      ],
      problems: [],
    })
  })

  it('takes the indentation of a fence in a list from its lines', () => {
    const text = page(
      '1. first',
      '',
      '   <!-- snippet: shell -->',
      '   ```sh',
      '   if a; then',
      '     b',
      '   fi',
      '   ```',
    )
    expect(readPage(text).snippets).toMatchObject([{ line: 4, code: 'if a; then\n  b\nfi\n' }])
  })

  it('keeps a fence inside a longer fence, and markers inside of it, as text', () => {
    const text = page('<!-- snippet: shell -->', '````', '<!-- snippet: config -->', '```', 'x', '```', '````')
    expect(readPage(text)).toMatchObject({
      snippets: [{ runner: 'shell', code: '<!-- snippet: config -->\n```\nx\n```\n' }],
      problems: [],
    })
  })

  it('reads lines that end as on Windows', () => {
    expect(readPage('<!-- snippet: shell -->\r\n```sh\r\na\r\n```\r\n').snippets).toMatchObject([{ code: 'a\n' }])
  })

  it.each([
    ['a fence without a marker', page('text', '```sh', 'x', '```'), '2: the fence has no marker on the line above it'],
    [
      'a marker with a line between',
      page('<!-- snippet: shell -->', '', '```sh', '```'),
      '1: the marker has no fence on the line below it',
    ],
    ['a marker at the end', page('', '<!-- snippet: shell -->'), '2: the marker has no fence on the line below it'],
    [
      'a marker that names nothing',
      page('<!-- snippet: -->', '```sh', '```'),
      '1: a marker is <!-- snippet: RUNNER --> alone on its line',
    ],
    [
      'a marker in other spelling',
      page('<!--snippet: shell-->', '```sh', '```'),
      '1: a marker is <!-- snippet: RUNNER --> alone on its line',
    ],
    ['an open fence', page('<!-- snippet: shell -->', '```sh', 'x'), '2: the fence is never closed'],
  ])('tells of %s', (_what, text, problem) => {
    expect(readPage(text).problems).toContain(problem)
  })
})
