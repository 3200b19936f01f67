const NAME = new TextEncoder().encode('"usage":')
const LAST = NAME.length - 1

/** How far the search may jump, by the byte under the end of the name: Horspool's table. */
const JUMPS = new Uint8Array(256).fill(NAME.length)
NAME.subarray(0, LAST).forEach((byte, index) => void (JUMPS[byte] = LAST - index))

/** Where `"usage":` stands, or -1. Faster on the short chunks of a stream than a native search for several bytes. */
export function findUsage(bytes: Uint8Array): number {
  for (let at = LAST; at < bytes.length; at += JUMPS[bytes[at] ?? 0] ?? 1) {
    if (isNameAt(bytes, at - LAST)) return at - LAST
  }
  return -1
}

function isNameAt(bytes: Uint8Array, at: number): boolean {
  for (let i = LAST; i >= 0; i--) if (bytes[at + i] !== NAME[i]) return false
  return true
}
