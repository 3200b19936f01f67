import { describe, expect, it } from 'vitest'
import { createWritePins, PIN_MS } from './write-pins.ts'

describe('the uploads of a key', () => {
  it('pin it while they run, and for a while after the last', () => {
    const pins = createWritePins()
    expect(pins.of('key', 0)).toBeUndefined()
    const first = pins.hold('key', 'a', 0)
    const second = pins.hold('key', 'a', 1)
    expect(pins.of('key', 100 * PIN_MS)).toBe('a')
    first.ended('reached', 2)
    expect(pins.of('key', 100 * PIN_MS)).toBe('a')
    second.ended('reached', 1000)
    expect(pins.of('key', 1000 + PIN_MS)).toBe('a')
    expect(pins.of('key', 1001 + PIN_MS)).toBeUndefined()
  })

  it('do not pin another key', () => {
    const pins = createWritePins()
    pins.hold('key', 'a', 0)
    expect(pins.of('other', 0)).toBeUndefined()
  })

  it('that never came there pin nothing', () => {
    const pins = createWritePins()
    const first = pins.hold('key', 'a', 0)
    const second = pins.hold('key', 'a', 0)
    first.ended('unreached', 1)
    expect(pins.of('key', 1)).toBe('a')
    second.ended('unreached', 2)
    expect(pins.of('key', 2)).toBeUndefined()
  })

  it('stay where the first of them are when a later one does not come through', () => {
    const pins = createWritePins()
    pins.hold('key', 'a', 0).ended('reached', 1)
    pins.hold('key', 'a', 2).ended('unreached', 3)
    expect(pins.of('key', 4)).toBe('a')
  })

  it('to another server move the pin, and what ends late does not take it away', () => {
    const pins = createWritePins()
    const old = pins.hold('key', 'a', 0)
    pins.hold('key', 'a,b', 1).ended('reached', 2)
    old.ended('unreached', 3)
    expect(pins.of('key', 4)).toBe('a,b')
  })
})

it('forgets the pins of keys that are not seen again', () => {
  const pins = createWritePins()
  for (let key = 0; key < 1000; key += 1) pins.hold(`key-${key}`, 'a', key).ended('reached', key)
  pins.hold('last', 'a', 1000 + PIN_MS)
  expect(pins.of('key-999', 999)).toBeUndefined()
})
