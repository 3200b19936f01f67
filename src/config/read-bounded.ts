import { closeSync, openSync, readSync } from 'node:fs'

export type BoundedText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly missing: boolean; readonly sentence: string }

const MAX_BYTES = 2 ** 20

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
}

/** A file of at most 1 MB; its size is not believed, because a pipe has none. */
export function readBounded(path: string): BoundedText {
  try {
    const bytes = readBytes(path)
    if (bytes === undefined) return unreadable('it is larger than 1 MB')
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    if (error instanceof TypeError) return unreadable('it is not UTF-8 text')
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return {
      ...unreadable(sentences[code] ?? `the system says ${code === '' ? 'no' : code}`),
      missing: code === 'ENOENT',
    }
  }
}

function readBytes(path: string): Uint8Array | undefined {
  const file = openSync(path, 'r')
  try {
    const buffer = new Uint8Array(MAX_BYTES + 1)
    let length = 0
    while (length <= MAX_BYTES) {
      const read = readSync(file, buffer, length, buffer.length - length, null)
      if (read === 0) return buffer.subarray(0, length)
      length += read
    }
    return undefined
  } finally {
    closeSync(file)
  }
}

function unreadable(sentence: string) {
  return { kind: 'unreadable', missing: false, sentence } as const
}
