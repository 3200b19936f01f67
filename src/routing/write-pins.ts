/**
 * Where a key's uploads went, so that the create which names them goes there too. The blobs of a create are uploaded
 * one by one, before anybody names a model; if the server that is asked first went down and came back in between, some
 * would be on one server and some on another. Pure: the clock is the caller's.
 */
export interface WritePins {
  of(keyId: string, now: number): WritePin | undefined
  /** An upload or a create of this key was sent there. Pinned from now on, until `PIN_MS` after its last one ended. */
  hold(keyId: string, upstream: string, now: number): PinHold
}

export interface WritePin {
  /** The upstream, or several with commas between, that this key's uploads are on. */
  readonly upstream: string
  /** Something is there that no create has used yet: elsewhere it would be missed. */
  readonly isBinding: boolean
}

export interface PinHold {
  /** Once. `unreached`: it never came there, so that nothing of it can be there. `created`: what was there is used. */
  ended(how: 'unreached' | 'uploaded' | 'created', now: number): void
}

/** Between the last upload and the create a client reads its files again: minutes where they are large. */
export const PIN_MS = 10 * 60_000

interface Pin extends WritePin {
  isBinding: boolean
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
      if (!isOver(pin, now)) return pin
      pins.delete(keyId)
      return undefined
    },
    hold(keyId, upstream, now) {
      for (const [id, pin] of pins) if (isOver(pin, now)) pins.delete(id)
      const known = pins.get(keyId)
      const pin = known?.upstream === upstream ? known : newPin(upstream, now)
      pin.holders += 1
      pins.set(keyId, pin)
      return {
        ended(how, at) {
          pin.holders -= 1
          pin.endedAt = at
          if (how !== 'unreached') pin.reached = true
          if (how === 'uploaded') pin.isBinding = true
          // What still runs is for another create.
          if (how === 'created') pin.isBinding &&= pin.holders > 0
          // It may have gone to another one in the meantime.
          if (!pin.reached && pin.holders === 0 && pins.get(keyId) === pin) pins.delete(keyId)
        },
      }
    },
  }
}

function newPin(upstream: string, now: number): Pin {
  return { upstream, isBinding: false, holders: 0, reached: false, endedAt: now }
}
