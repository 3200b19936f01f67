import fc from 'fast-check'
import { Buffer } from 'node:buffer'
import { expect, it } from 'vitest'
import { Blackout } from './blackout.ts'

function blackedOut(secret: string, chunks: readonly Uint8Array[]): string {
  const blackout = new Blackout(Buffer.from(secret))
  const said = chunks.map((chunk) => Buffer.from(blackout.push(chunk)))
  return Buffer.concat([...said, blackout.rest()]).toString('latin1')
}

it('Blackout finds a secret however the bytes are cut, and changes nothing else', () => {
  // Few letters, so that texts are full of beginnings of the secret.
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 })
  fc.assert(
    fc.property(letters, text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (secret, written, sizes) => {
      const bytes = Buffer.from(written)
      const chunks: Uint8Array[] = []
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(blackedOut(secret, chunks)).toBe(written.replaceAll(secret, '*'.repeat(secret.length)))
    }),
  )
})

it('Blackout leaves the bytes it was given as they were', () => {
  const chunk = Buffer.from('say hunter2 twice')
  new Blackout(Buffer.from('hunter2')).push(chunk)
  expect(chunk.toString()).toBe('say hunter2 twice')
})
