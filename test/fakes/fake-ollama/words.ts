import { createHash } from 'node:crypto'

/** Small words with some that take more than one byte a character, for whoever cuts streams in the wrong place. */
const WORDS = [
  'then',
  'more',
  'for',
  'make',
  'was',
  'him',
  'water',
  'that',
  'no',
  'and',
  'your',
  'time',
  'café',
  'long',
  'naïve',
  'two',
  'their',
  '東京',
  'look',
  'go',
  'day',
  'first',
  'Straße',
  'part',
  'find',
  'over',
  '🐑',
  'know',
  'people',
  'made',
  'come',
  'did',
]

/** The same answer to the same question, always; every token begins with a space. */
export function tokenAt(seed: number, index: number): string {
  const mixed = Math.imul(seed ^ (index + 1), 2_654_435_761) >>> 0
  return ` ${WORDS[(mixed >>> 11) % WORDS.length] ?? ''}`
}

export function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0)
}
