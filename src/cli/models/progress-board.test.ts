import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Terminal } from '../terminal.ts'
import { openProgressBoard } from './progress-board.ts'
import type { ServerProgress } from './server-progress.ts'

const server = (name: string, status: string): ServerProgress => ({ name, state: 'running', status, layer: null })

function setUp(size: object) {
  const stderr = Object.assign(new PassThrough(), size)
  const terminal = { host: { stderr }, say: (line: string) => stderr.write(`${line}\n`) } as unknown as Terminal // enough
  return { board: openProgressBoard(terminal), written: () => String(stderr.read() ?? '') }
}

describe('the progress', () => {
  it('in a terminal ends with one line per server, in its width', () => {
    const { board, written } = setUp({ isTTY: true, columns: 20, rows: 10 })
    board.show([server('a', 'pulling manifest'), server('b', 'x'.repeat(40))])
    board.close()
    expect(written().replace('\r\u001b[0J', '')).toBe(`a  pulling manifest\nb  ${'x'.repeat(16)}\n`)
  })

  it('never takes more lines than the terminal has', () => {
    const { board, written } = setUp({ isTTY: true, columns: 80, rows: 5 })
    board.show(Array.from({ length: 50 }, (_, index) => server(`s${index}`, 'waiting')))
    board.close()
    expect(written().match(/\n/g)).toHaveLength(4)
  })

  it('elsewhere is a line for what is new', () => {
    const { board, written } = setUp({})
    board.show([server('a', 'pulling manifest')])
    board.show([server('a', 'pulling manifest'), server('b', 'pulling manifest')])
    board.close()
    expect(written()).toBe('a: pulling manifest\nb: pulling manifest\n')
  })
})
