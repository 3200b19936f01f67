/**
 * Where a key's uploads went, so that the create which names them goes there too. The blobs of a create are uploaded
 * one by one, before anybody names a model; if the server that is asked first went down and came back in between, some
 * would be on one server and some on another. Pure: the clock is the caller's.
 */
export interface WritePins {
  /** The upstream, or several with commas between, that this key's uploads are on. */
  of(keyId: string, now: number): string | undefined
  /** An upload or a create of this key was sent there. Pinned from now on, until `PIN_MS` after its last one ended. */
  hold(keyId: string, upstream: string, now: number): PinHold
}

export interface PinHold {
  /** Once. `unreached`: it never came there, so that nothing of it can be there. */
  ended(how: 'reached' | 'unreached', now: number): void
}

/** Between the last upload and the create a client reads its files again: minutes where they are large. */
export const PIN_MS = 10 * 60_000

interface Pin {
  readonly upstream: string
  holders: number
  /** Something was sent there and may be there. */
  reached: boolean
  endedAt: number
}

export function createWritePins(): WritePins {
  const pins = new Map<string, Pin>()
  const isOver = (pin: Pin, now: number): boolean => pin.holders === 0 && now - pin.endedAt > PIN_MS

  return {
    of(keyId, now) {
      const pin = pins.get(keyId)
      if (pin === undefined) return undefined
      if (!isOver(pin, now)) return pin.upstream
      pins.delete(keyId)
      return undefined
    },
    hold(keyId, upstream, now) {
      for (const [id, pin] of pins) if (isOver(pin, now)) pins.delete(id)
      const known = pins.get(keyId)
      const pin = known?.upstream === upstream ? known : { upstream, holders: 0, reached: false, endedAt: now }
      pin.holders += 1
      pins.set(keyId, pin)
      return {
        ended(how, at) {
          pin.holders -= 1
          pin.reached ||= how === 'reached'
          pin.endedAt = at
          // It may have gone to another one in the meantime.
          if (!pin.reached && pin.holders === 0 && pins.get(keyId) === pin) pins.delete(keyId)
        },
      }
    },
  }
}
