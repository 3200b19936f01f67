import { JSON_BYTES } from '../lib/json-bytes.ts'
import { BLOCK_TOKENS } from '../lib/prompt-block.ts'
import type { BodyFacts } from './body-facts.ts'
import type { ScannedField } from './object-scan.ts'
import { NO_PROMPT, type Prompt } from './prompt.ts'

/** What a model reads, in the order in which templates put it; a conversation grows at its end. */
const PROMPT_FIELDS = ['system', 'instructions', 'tools', 'images', 'messages', 'prompt', 'input'] as const

/** English text; Ollama's own estimate too. */
const BYTES_PER_TOKEN = 4
const BLOCK_BYTES = BLOCK_TOKENS * BYTES_PER_TOKEN
/** 32,768 tokens: a prefix worth more than that is worth it as it is. */
const MOST_BLOCKS = 256

/** A field is looked at once in so many bytes for something that is no text. */
const LOOK_EVERY = 4096
/** How many bytes a look takes in: running text has a space, a quote or a comma among them. */
const LOOK_BYTES = 64
/** What an image costs, about, whatever its size: vision models read one in 256 to 2,000. */
const IMAGE_TOKENS = 768

/** A stretch of text in a body. */
interface Span {
  readonly start: number
  readonly end: number
}

/** What of a body a model will read; the bytes are looked at only as far as is needed, and when. */
export function promptOf({ bytes, fields }: Pick<BodyFacts, 'bytes' | 'fields'>): Prompt {
  const spans: Span[] = []
  let images = 0
  for (const name of PROMPT_FIELDS) {
    const field = fields.get(name)
    if (field !== undefined && field.type !== 'scalar') images += addText(bytes, contentOf(bytes, field), spans)
  }
  if (spans.length === 0) return NO_PROMPT
  const textBytes = spans.reduce((sum, { start, end }) => sum + end - start, 0)
  const tokens = Math.ceil(textBytes / BYTES_PER_TOKEN) + images * IMAGE_TOKENS
  let blocks: readonly number[] | undefined
  return { tokens, blocks: () => (blocks ??= digest(bytes, spans)) }
}

/** Without what closes the value, and the space before it: there a longer conversation goes on. */
function contentOf(bytes: Uint8Array, { valueStart, valueEnd }: ScannedField): Span {
  let end = valueEnd - 1
  while (end > valueStart + 1 && isSpace(bytes[end - 1])) end -= 1
  return { start: valueStart + 1, end }
}

/** Adds what of a field is text, and of each image a sample that tells it from others; returns how many there were. */
function addText(bytes: Uint8Array, { start, end }: Span, spans: Span[]): number {
  let images = 0
  let textStart = start
  for (let at = start + LOOK_EVERY; at + LOOK_BYTES <= end; at += LOOK_EVERY) {
    if (!isEncoded(bytes, at)) continue
    const textEnd = Math.max(textStart, bytes.lastIndexOf(QUOTE, at))
    spans.push({ start: textStart, end: textEnd }, { start: at, end: at + LOOK_BYTES })
    const quote = bytes.indexOf(QUOTE, at)
    textStart = quote < 0 || quote > end ? end : quote
    at = textStart
    images += 1
  }
  if (textStart < end) spans.push({ start: textStart, end })
  return images
}

/** Base64, as it stands in JSON: no space, no punctuation, and letters of both cases and digits in any stretch. */
function isEncoded(bytes: Uint8Array, from: number): boolean {
  let kinds = 0
  for (let at = from; at < from + LOOK_BYTES; at++) {
    const kind = BASE64_KIND[bytes[at] ?? 0] ?? 0
    if (kind === 0) return false
    kinds |= kind
  }
  return (kinds & LETTERS_AND_DIGITS) === LETTERS_AND_DIGITS
}

/** One digest per whole block, each over all before it: MurmurHash3's mixing, four bytes at a time. */
function digest(bytes: Uint8Array, spans: readonly Span[]): number[] {
  const blocks: number[] = []
  let hash = 0
  let room = BLOCK_BYTES
  for (const { start, end } of spans) {
    let at = start
    while (end - at >= room) {
      hash = mixBytes(hash, bytes, { start: at, end: at + room })
      at += room
      room = BLOCK_BYTES
      blocks.push(finish(hash))
      if (blocks.length === MOST_BLOCKS) return blocks
    }
    hash = mixBytes(hash, bytes, { start: at, end })
    room -= end - at
  }
  return blocks
}

function mixBytes(seed: number, bytes: Uint8Array, { start, end }: Span): number {
  let hash = seed
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    hash = mix(hash, word)
  }
  for (; at < end; at++) hash = mix(hash, bytes[at] ?? 0)
  return hash
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const mixed = hash ^ k
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const { QUOTE } = JSON_BYTES
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

const LETTERS_AND_DIGITS = 7

/** Some encoders write `\\/` for `/`. */
const BASE64_KIND: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte)
  if (/[A-Z]/.test(text)) return 1
  if (/[a-z]/.test(text)) return 2
  if (/[0-9]/.test(text)) return 4
  return /[+/=_\\-]/.test(text) ? 8 : 0
})
