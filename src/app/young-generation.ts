import v8 from 'node:v8'
import { runtime } from '../lib/runtime.ts'

/** V8's young generation consists of two halves of 8 MB then, which hold what hundreds of requests leave behind. */
const ENOUGH_BYTES = 16 * 1024 * 1024
const LOOK_EVERY_MS = 100

/**
 * Keeps V8's young generation from growing to 128 MB: far more than the caches of a machine hold, so that each new
 * object is a walk to memory, and most of what a busy gateway would be resident with. The limit itself is fixed when
 * the process starts; how much is added at a time is looked up whenever there is something to add.
 */
export function limitYoungGeneration(): void {
  // Other runtimes have another engine, or pass for Node without its knobs.
  if (runtime !== 'node') return
  let isGrowing = true
  const look = (): void => {
    const mayGrow = youngBytes() < ENOUGH_BYTES
    if (mayGrow === isGrowing) return
    isGrowing = mayGrow
    v8.setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`)
  }
  look()
  setInterval(look, LOOK_EVERY_MS).unref()
}

function youngBytes(): number {
  return v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? Infinity
}
