import { describe, expect, it } from 'vitest'
import { createManualTime, settle } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, ollamaReplies, type Reply } from '../__fixtures__/scripted-upstream.ts'
import { createAskJson } from './ask-json.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { createInspector } from './inspector.ts'
import { createModelRefresh } from './model-refresh.ts'

function setUp(replies: Record<string, Record<string, Reply | Promise<Reply>>>) {
  const time = createManualTime()
  const upstreams = Object.entries(replies).map(([id, script]) => createScriptedUpstream(id, script))
  const fleet = createFleet(
    upstreams.map((upstream) => ({ upstream, priority: 1, enabled: true, maxResponseTimeMs: null })),
  )
  const inspector = createInspector({ ask: createAskJson(time), clock: time.clock })
  const models = createModelRefresh({ fleet, inspector, clock: time.clock })
  return { time, upstreams, fleet, models, asked: () => upstreams.map((upstream) => upstream.paths().length) }
}

function isDone(promise: Promise<void>): () => boolean {
  let done = false
  void promise.then(() => void (done = true))
  return () => done
}

describe('createModelRefresh', () => {
  it('reads a list, canonically', async () => {
    const { fleet, models } = setUp({ a: ollamaReplies(['Tiny', 'library/other:1b']) })
    await models.refresh('a')
    expect([...(fleet.get('a')?.models?.keys() ?? [])]).toEqual(['tiny:latest', 'other:1b'])
  })

  it.each<Reply>([{ status: 500, json: { models: [] } }, { text: '<html>' }, { json: { models: 3 } }, 'hang'])(
    'keeps the old list over a bad answer (%j)',
    async (bad) => {
      const { fleet, models, time, upstreams } = setUp({ a: ollamaReplies(['tiny']) })
      await models.refresh('a')
      if (upstreams[0] !== undefined) upstreams[0].replies['/api/tags'] = bad
      const again = models.refresh('a')
      await time.advance(2000)
      await again
      expect(fleet.knows('tiny:latest')).toBe(true)
    },
  )

  it('reads once more for all who asked while it was reading', async () => {
    const { models, asked } = setUp({ a: ollamaReplies([]) })
    await Promise.all([models.refresh('a'), models.refresh('a'), models.refresh('a')])
    expect(asked()).toEqual([2])
    await models.refresh('a')
    expect(asked()).toEqual([1])
  })

  it('learns at most once a second', async () => {
    const { models, time, asked } = setUp({ a: ollamaReplies([]), b: ollamaReplies([]) })
    await Promise.all([models.learn('x:latest'), models.learn('y:latest')])
    await models.learn('z:latest')
    expect(asked()).toEqual([1, 1])
    await time.advance(1000)
    await models.learn('x:latest')
    expect(asked()).toEqual([1, 1])
  })

  it('has learnt as soon as one has the model, and waits for silent ones no longer than 2 s', async () => {
    const { models, time } = setUp({ a: { '/api/tags': 'hang' }, b: ollamaReplies(['tiny']) })
    const known = isDone(models.learn('tiny:latest'))
    const unknown = isDone(models.learn('x:latest'))
    await settle()
    expect([known(), unknown()]).toEqual([true, false])
    await time.advance(2000)
    expect(unknown()).toBe(true)
  })

  it('asks none that is down', async () => {
    const { fleet, models, asked } = setUp({ a: ollamaReplies([]), b: ollamaReplies([]) })
    fleet.apply('a', { kind: 'outcome', at: 1, outcome: 'unreachable' })
    await models.learn('x:latest')
    expect(asked()).toEqual([0, 1])
  })
})
