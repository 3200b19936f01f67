import { createHash } from 'node:crypto'
import { send } from './answer.ts'
import { expectsContinue, type Exchange } from './exchange.ts'
import { ClientGone, OllamaError } from './ollama-error.ts'

/** Digests of what was uploaded; the bytes themselves nobody asks for again. */
export interface BlobStore {
  has(digest: string): boolean
  add(digest: string): void
}

/** The SHA-256 of "abc", which the recordings ask for. */
const FIRST_BLOB = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
/** Go reads what is left of a request up to here, and closes the connection of a larger one. */
const DRAINED_BYTES = 256 * 1024
/** Go's wait before it closes, so that the answer is read before the reset arrives. */
const LINGER_MS = 500

export function createBlobStore(): BlobStore {
  const digests = new Set([FIRST_BLOB])
  return { has: (digest) => digests.has(normal(digest)), add: (digest) => void digests.add(normal(digest)) }
}

export async function handleBlobHead(blobs: BlobStore, exchange: Exchange): Promise<void> {
  const digest = checked(exchange.params['digest'])
  if (!blobs.has(digest)) throw new OllamaError(404, `blob "${digest}" not found`)
  exchange.answer.head(200, [])
  await exchange.answer.end()
}

export async function handleBlobUpload(blobs: BlobStore, exchange: Exchange): Promise<void> {
  const digest = checked(exchange.params['digest'])
  if (blobs.has(digest)) return answerUnread(exchange)
  const hash = createHash('sha256')
  for await (const chunk of exchange.body()) hash.update(chunk)
  const actual = `sha256:${hash.digest('hex')}`
  if (actual !== normal(digest)) {
    throw new OllamaError(400, `digest mismatch, expected "${digest}", got "${actual}"`)
  }
  blobs.add(digest)
  await send(exchange.answer, 201)
}

async function answerUnread(exchange: Exchange): Promise<void> {
  const { request, answer } = exchange
  const length = Number(request.headers['content-length'] ?? Infinity)
  if (length <= DRAINED_BYTES && !expectsContinue(request)) {
    for await (const _chunk of exchange.body());
    return send(answer, 200)
  }
  const { socket } = request
  // Marks the body as somebody's business; node:http would drain it behind our back.
  request.read(0)
  // Go closes its writing side and lingers; node:http would close both at once.
  socket.destroySoon = () => void socket.end()
  await send(answer, 200, { headers: [['Connection', 'close']] })
  await new Promise((resolve) => setTimeout(resolve, LINGER_MS))
  socket.destroy()
  throw new ClientGone()
}

function checked(digest: string | undefined): string {
  if (digest === undefined || !/^sha256[:-][0-9a-fA-F]{64}$/.test(digest)) {
    throw new OllamaError(400, 'invalid digest format')
  }
  return digest
}

function normal(digest: string): string {
  return digest.replace('sha256-', 'sha256:')
}
