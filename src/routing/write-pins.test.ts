import { describe, expect, it } from 'vitest'
import { createWritePins, PIN_MS } from './write-pins.ts'

describe('the uploads of a key', () => {
  it('pin it while they run, and for a while after the last', () => {
    const pins = createWritePins()
    expect(pins.of('key', 0)).toBeUndefined()
    const first = pins.hold('key', 'a', 0)
    const second = pins.hold('key', 'a', 1)
    expect(pins.of('key', 100 * PIN_MS)?.upstream).toBe('a')
    first.ended('uploaded', 2)
    expect(pins.of('key', 100 * PIN_MS)?.upstream).toBe('a')
    second.ended('uploaded', 1000)
    expect(pins.of('key', 1000 + PIN_MS)?.upstream).toBe('a')
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
    expect(pins.of('key', 1)?.upstream).toBe('a')
    second.ended('unreached', 2)
    expect(pins.of('key', 2)).toBeUndefined()
  })

  it('stay where the first of them are when a later one does not come through', () => {
    const pins = createWritePins()
    pins.hold('key', 'a', 0).ended('uploaded', 1)
    pins.hold('key', 'a', 2).ended('unreached', 3)
    expect(pins.of('key', 4)?.upstream).toBe('a')
  })

  it('to another server move the pin, and what ends late does not take it away', () => {
    const pins = createWritePins()
    const old = pins.hold('key', 'a', 0)
    pins.hold('key', 'a,b', 1).ended('uploaded', 2)
    old.ended('unreached', 3)
    expect(pins.of('key', 4)?.upstream).toBe('a,b')
  })
})

describe('a pin', () => {
  it('binds while something is there that no create has used', () => {
    const pins = createWritePins()
    const upload = pins.hold('key', 'a', 0)
    expect(pins.of('key', 0)?.isBinding).toBe(false)
    upload.ended('uploaded', 1)
    expect(pins.of('key', 1)?.isBinding).toBe(true)
    pins.hold('key', 'a', 2).ended('unreached', 3)
    expect(pins.of('key', 3)?.isBinding).toBe(true)
    pins.hold('key', 'a', 4).ended('created', 5)
    expect(pins.of('key', 5)).toMatchObject({ upstream: 'a', isBinding: false })
  })

  it('binds beyond one create while uploads for another one run', () => {
    const pins = createWritePins()
    pins.hold('key', 'a', 0).ended('uploaded', 1)
    const other = pins.hold('key', 'a', 2)
    pins.hold('key', 'a', 2).ended('created', 3)
    expect(pins.of('key', 3)?.isBinding).toBe(true)
    other.ended('uploaded', 4)
    expect(pins.of('key', 4)?.isBinding).toBe(true)
  })
})

it('forgets the pins of keys that are not seen again', () => {
  const pins = createWritePins()
  for (let key = 0; key < 1000; key += 1) pins.hold(`key-${key}`, 'a', key).ended('uploaded', key)
  pins.hold('last', 'a', 1000 + PIN_MS)
  expect(pins.of('key-999', 999)).toBeUndefined()
})
