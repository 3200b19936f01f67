import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { openLiveScreen, screenSize } from './live-screen.ts'

type Host = Parameters<typeof openLiveScreen>[0]

function createTerminal() {
  const written: string[] = []
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    isRaw: false,
    isFlowing: false,
    setRawMode(isRaw: boolean) {
      stdin.isRaw = isRaw
      return stdin
    },
    resume: () => ((stdin.isFlowing = true), stdin),
    pause: () => ((stdin.isFlowing = false), stdin),
  })
  const stdout = Object.assign(new EventEmitter(), {
    columns: 20,
    rows: 5,
    write: (text: string) => written.push(text) > 0,
  })
  const process = new EventEmitter()
  const listeners = (): number => [stdin, stdout, process].reduce((sum, each) => sum + each.eventNames().length, 0)
  // As much of a process as the screen touches.
  const host = { stdin, stdout, on: process.on.bind(process), off: process.off.bind(process) } as unknown as Host
  return { host, stdin, stdout, process, listeners, written: () => written.splice(0).join('') }
}

describe('openLiveScreen', () => {
  it('paints each page over the one before, and as the size is by then', () => {
    const { host, stdout, written } = createTerminal()
    const screen = openLiveScreen(host)
    expect(written()).toBe('\u001b[?1049h\u001b[?25l')
    screen.show(({ columns, rows }) => [`${columns} x ${rows}`, 'b'])
    expect(written()).toBe('\u001b[H20 x 5\u001b[K\r\nb\u001b[K\u001b[J')
    stdout.columns = 10
    stdout.emit('resize')
    expect(written()).toBe('\u001b[H10 x 5\u001b[K\r\nb\u001b[K\u001b[J')
    screen.show(() => ['1', '2', '3', '4', '5', '6'])
    expect(written()).not.toContain('6')
  })

  it.each(['\u0003', 'q', '\u0004'])('is closed by %j', async (key) => {
    const { host, stdin } = createTerminal()
    const screen = openLiveScreen(host)
    stdin.emit('data', Buffer.from('x'))
    stdin.emit('data', Buffer.from(key))
    await screen.closed
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('is closed by %s', async (signal) => {
    const { host, process } = createTerminal()
    const screen = openLiveScreen(host)
    process.emit(signal)
    await screen.closed
  })

  it('leaves the terminal as it was, once', () => {
    const { host, stdin, stdout, listeners, written } = createTerminal()
    const screen = openLiveScreen(host)
    expect([stdin.isRaw, stdin.isFlowing]).toEqual([true, true])
    written()
    screen.close()
    screen.close()
    expect(written()).toBe('\u001b[?25h\u001b[?1049l')
    expect([stdin.isRaw, stdin.isFlowing, listeners()]).toEqual([false, false, 0])
    screen.show(() => ['late'])
    stdout.emit('resize')
    expect(written()).toBe('')
  })

  it('does without keys where stdin is no terminal', () => {
    const { host, stdin, listeners } = createTerminal()
    stdin.isTTY = false
    openLiveScreen(host).close()
    expect([stdin.isRaw, stdin.isFlowing, listeners()]).toEqual([false, false, 0])
  })
})

describe('screenSize', () => {
  it('is a usual one where the terminal does not know', () => {
    for (const unknown of [{ columns: 0, rows: 0 }, {}]) expect(screenSize(unknown)).toEqual({ columns: 80, rows: 24 })
  })
})
