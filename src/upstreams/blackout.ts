import { Buffer } from 'node:buffer'

const ASTERISK = 0x2a

/** Writes asterisks over each occurrence of a secret in passing bytes; lengths stay as they are. */
export class Blackout {
  readonly #secret: Buffer
  /** Bytes at the end of the last chunk that may be the beginning of the secret. */
  #held: Buffer = Buffer.alloc(0)

  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /** What can be said already; may be empty. */
  push(chunk: Uint8Array): Buffer {
    const bytes = Buffer.concat([this.#held, chunk])
    for (let at = bytes.indexOf(this.#secret); at >= 0; at = bytes.indexOf(this.#secret, at)) {
      bytes.fill(ASTERISK, at, at + this.#secret.length)
    }
    const said = bytes.length - this.#doubtfulLength(bytes)
    this.#held = bytes.subarray(said)
    return bytes.subarray(0, said)
  }

  rest(): Buffer {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return rest
  }

  #doubtfulLength(bytes: Buffer): number {
    for (let length = Math.min(this.#secret.length - 1, bytes.length); length > 0; length -= 1) {
      if (bytes.subarray(-length).equals(this.#secret.subarray(0, length))) return length
    }
    return 0
  }
}
