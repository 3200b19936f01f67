import { expect, it } from 'vitest'
import type { RunningExchange } from '../../proxy/exchange-request.ts'
import { ExchangeTrace } from '../../proxy/exchange-trace.ts'
import { lookAt, runningViews } from './running.ts'

let placesAsked = 0

function waits(number: number): RunningExchange {
  const trace = new ExchangeTrace(`x${number}`, 'POST')
  const position = (): number => {
    placesAsked += 1
    return number
  }
  return {
    ...{ keyId: 'key_1', stop: () => undefined, checkDeadline: () => undefined },
    watched: { trace, stage: 'queued', tokens: null, status: null, position },
  }
}

it('of very many only the oldest are looked at, and of these only the first for their places', () => {
  const all = Array.from({ length: 1500 }, (_, number) => waits(number + 1))
  const relay: RunningExchange = { keyId: 'key_1', stop: () => undefined, checkDeadline: () => undefined }
  const shuffled = [relay, ...all.toReversed()]
  placesAsked = 0
  const marks = lookAt(shuffled, 1)
  expect([marks.length, placesAsked]).toEqual([1000, 100])
  const views = runningViews(shuffled).map(({ view }) => view)
  expect(views.map(({ id }) => id)).toEqual(all.slice(0, 1000).map(({ watched }) => watched?.trace.id))
  expect([views[0]?.position, views[99]?.position, views[100]?.position]).toEqual([1, 100, null])
  // As these end, the others are told of as new.
  const later = lookAt(all.slice(600), 2)
  expect(later.filter(({ beganIn }) => beganIn === 2)).toHaveLength(500)
})
