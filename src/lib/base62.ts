const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The bytes as one big-endian number in exactly `length` digits, most significant first. */
export function toBase62(bytes: Uint8Array, length: number): string {
  let number = 0n
  for (const byte of bytes) number = number * 256n + BigInt(byte)
  let text = ''
  while (text.length < length) {
    text = DIGITS.charAt(Number(number % 62n)) + text
    number /= 62n
  }
  if (number !== 0n) throw new RangeError(`${bytes.length} bytes do not fit ${length} base62 digits`)
  return text
}
