import { describe, expect, it } from 'vitest'
import { createManualTime } from '../routing/__fixtures__/manual-time.ts'
import { createScriptedUpstream, refused, type Reply } from '../routing/__fixtures__/scripted-upstream.ts'
import { type AnswerLine, createFollowLines, type Following } from './follow-lines.ts'

const PULL = { method: 'POST', path: '/api/pull', body: { model: 'tiny' } } as const

function follow(reply: Reply) {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', { '/api/pull': reply })
  const lines: AnswerLine[] = []
  const following: Following = createFollowLines(time)(upstream, PULL, (line) => void lines.push(line))
  return { time, upstream, lines, following }
}

describe('an answer in lines', () => {
  it('is heard line by line, however its bytes are cut, and ends with its status', async () => {
    const { lines, following, upstream } = follow({ text: '{"status":"é"}\n\nno json\n7\n{"status":"success"}' })
    expect(await following.ended).toEqual({ kind: 'answered', status: 200, error: null })
    expect(lines).toEqual([{ status: 'é' }, { status: 'success' }])
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', target: '/api/pull' })
  })

  it('says what went wrong in the words of the server, in one line that moves no cursor', async () => {
    const { following } = follow({ status: 500, json: { error: `no\r\n\u001b[2Jspace${'x'.repeat(1000)}` } })
    const end = await following.ended
    expect(end).toMatchObject({ kind: 'answered', status: 500 })
    const error = 'error' in end ? (end.error ?? '') : ''
    expect(error).toMatch(/^no \[2Jspacex+$/)
    expect(error).toHaveLength(500)
  })

  it('keeps no line that never ends', async () => {
    const { lines, following } = follow({ text: `{"status":"${'x'.repeat(1_000_000)}"}\n{"status":"success"}` })
    expect(await following.ended).toMatchObject({ kind: 'answered' })
    expect(lines.map(({ status }) => String(status).length)).toEqual([1_000_000, 7])
    const endless = follow({ text: `{"status":"${'x'.repeat(1_000_000)}` })
    await endless.following.ended
    expect(endless.lines).toEqual([])
  })

  it('says that a server was not reached', async () => {
    expect(await follow(refused).following.ended).toEqual({ kind: 'failed', detail: 'it could not be reached' })
    const reset = { error: { kind: 'reset', executed: 'maybe' } } as const
    expect(await follow(reset).following.ended).toEqual({
      kind: 'failed',
      detail: 'the connection to it broke (reset)',
    })
  })

  it('is given up where it was silent for too long, and not before', async () => {
    const { time, upstream, following } = follow('hang')
    let end: unknown = null
    void following.ended.then((how) => (end = how))
    await time.advance(29 * 60_000)
    expect([end, upstream.aborts]).toEqual([null, []])
    await time.advance(2 * 60_000)
    expect(end).toEqual({ kind: 'failed', detail: 'it was silent for 30 minutes' })
    expect(upstream.aborts).toEqual(['timed-out'])
    expect(time.waiting()).toEqual([])
  })

  it('is stopped, and the server hears of it', async () => {
    const { time, upstream, following } = follow('hang')
    await time.advance(1000)
    following.stop()
    expect(await following.ended).toEqual({ kind: 'stopped' })
    expect(upstream.aborts).toEqual(['client-gone'])
    expect(time.waiting()).toEqual([])
  })
})
