import fc from 'fast-check'
import { type ResetCode, resetCodes } from '../codes.ts'
import type { LinkFrame, RequestHead, StreamFrame } from '../frame.ts'

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_']
const names = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 20 })
const values = fc.string({ unit: byteBut([0, 10, 13]), maxLength: 60 })
const texts = fc.string({ maxLength: 40 })
const counts = fc.nat({ max: 0x7fff_ffff })
const whole = fc.integer({ min: 1, max: 0x7fff_ffff })

export const headers: fc.Arbitrary<string[]> = fc
  .array(fc.tuple(names, values), { maxLength: 12 })
  .map((fields) => fields.flat())

const windows = fc.record({ stream: sizes(), connection: sizes() })

export const requestHeads: fc.Arbitrary<RequestHead> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE', 'M-SEARCH'),
  target: fc.string({ unit: byteBut(range(0, 0x20)), maxLength: 60 }).map((rest) => `/${rest}`),
  headers,
  length: fc.option(fc.nat()),
  once: fc.boolean(),
})

export const linkFrames: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    hello: fc.record({
      versions: fc.array(whole, { maxLength: 5 }),
      software: texts,
      agentId: fc.string({ minLength: 1, maxLength: 40 }),
      instance: fc.string({ minLength: 1, maxLength: 40 }),
      host: texts,
      pool: fc.option(texts),
      allow: fc.array(texts, { maxLength: 5 }),
      maxStreams: whole,
      windows,
    }),
  }),
  fc.record({
    type: fc.constant('hello-ack' as const),
    ack: fc.record({
      version: whole,
      sessionId: fc.string({ minLength: 1, maxLength: 40 }),
      serverInstance: texts,
      software: texts,
      pool: texts,
      models: fc.array(texts, { maxLength: 5 }),
      heartbeatMs: whole,
      windows,
    }),
  }),
  fc.record({
    type: fc.constant('status' as const),
    status: fc.record({
      version: counts,
      running: counts,
      draining: fc.boolean(),
      ollama: fc.record({ reachable: fc.boolean(), version: fc.option(texts) }),
      models: counts,
    }),
  }),
  fc.record({
    type: fc.constant('goaway' as const),
    lastStream: fc.nat({ max: 0xffff_ffff }),
    code: fc.nat({ max: 0xffff }),
    reconnectInMs: fc.nat({ max: 0xffff_ffff }),
    tryForMs: fc.nat({ max: 0xffff_ffff }),
    reason: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
  fc.record({
    type: fc.constantFrom('ping' as const, 'pong' as const),
    opaque: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
  fc.record({ type: fc.constant('ack' as const), seq: fc.nat({ max: 0xffff_ffff }) }),
  fc.record({
    type: fc.constant('event' as const),
    level: fc.constantFrom('info' as const, 'warn' as const),
    text: texts,
  }),
)

export const controlFrames: fc.Arbitrary<Exclude<StreamFrame, { type: 'data' }>> = fc.oneof(
  fc.record({ type: fc.constant('request' as const), request: requestHeads, end: fc.boolean() }),
  fc.record({ type: fc.constantFrom('accept' as const, 'cancelled' as const) }),
  fc.record({ type: fc.constant('info' as const), status: fc.integer({ min: 100, max: 199 }), headers }),
  fc.record({
    type: fc.constant('response' as const),
    status: fc.integer({ min: 200, max: 599 }),
    headers,
    end: fc.boolean(),
  }),
  fc.record({ type: fc.constant('trailers' as const), headers }),
  fc.record({
    type: fc.constant('reset' as const),
    // Object.keys forgets the names of the keys.
    code: fc.constantFrom(...(Object.keys(resetCodes) as ResetCode[])),
    retrySafe: fc.boolean(),
    reason: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
)

function sizes(): fc.Arbitrary<number> {
  return fc.integer({ min: 16 * 1024, max: 0x7fff_ffff })
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function byteBut(codes: readonly number[]): fc.Arbitrary<string> {
  return fc
    .constantFrom(...range(0, 0xff).filter((code) => !codes.includes(code)))
    .map((code) => String.fromCharCode(code))
}
