import { constants, createZstdDecompress } from 'node:zlib'
import { runtime } from '../lib/runtime.ts'
import type { BodyControl, BodyReceiver, BodyStream } from '../proxy/upstream.ts'

/** Memory one frame may ask of the decoder: 8 MB, what RFC 8878 section 3.1.1.1.2 wants every decoder to support. */
const MAX_WINDOW_LOG = 23

/**
 * Deno and Bun take a frame that was cut for a whole one. There the last chunk is shown to the decoder with something
 * behind it, which only a whole frame leaves unread.
 */
const FOLLOWED_BY = runtime === 'node' ? null : Buffer.alloc(64)

/**
 * The plain bytes of a zstd body; Codex sends those on `/v1`. More than `maxBytes` of them is `body_too_large`, so that a
 * small upload cannot become a large one; broken or cut input is `bad_body`.
 */
export function decodeZstdBody(source: BodyStream, maxBytes: number): BodyStream {
  return { start: (to) => startDecoder(source, maxBytes, to) }
}

function startDecoder(source: BodyStream, maxBytes: number, to: BodyReceiver): BodyControl {
  const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } })
  let packedBytes = 0
  let bytes = 0
  let over = false
  let held: Uint8Array = NOTHING

  const input = source.start({
    data: (chunk) => {
      packedBytes += chunk.length
      if (FOLLOWED_BY === null) return over || decoder.write(chunk)
      const before = held
      held = chunk
      return over || before.length === 0 || decoder.write(before)
    },
    end: () => {
      if (over) return
      if (FOLLOWED_BY === null) decoder.end()
      else decoder.end(Buffer.concat([held, FOLLOWED_BY]))
    },
    fail: (reason) => settle(() => to.fail(reason)),
  })

  decoder.on('drain', () => input.resume())
  decoder.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > maxBytes) settle(() => to.fail('body_too_large'))
    else if (!over && !to.data(chunk)) decoder.pause()
  })
  // Node's decoder may leave what follows a frame in the same chunk unread, without a word.
  decoder.on('end', () => settle(() => (decoder.bytesWritten === packedBytes ? to.end() : to.fail('bad_body'))))
  decoder.on('error', () => settle(() => to.fail('bad_body')))

  function settle(say: () => void): void {
    if (over) return
    over = true
    input.stop()
    decoder.destroy()
    say()
  }

  return { resume: () => decoder.resume(), stop: () => settle(() => {}) }
}

const NOTHING = new Uint8Array(0)
