import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Adds bytes to a file that only its owner may read, and makes it and its folder where they are missing. Returns how
 * many were written, fewer than given if it failed on the way; the caller goes on from there.
 */
export async function appendToFile(path: string, bytes: Uint8Array): Promise<{ written: number; error: unknown }> {
  let written = 0
  try {
    // Opened each time: whoever removes or renames the file or its folder gets a new one.
    const file = await openForAppend(path)
    try {
      while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten
    } finally {
      await file.close()
    }
    return { written, error: null }
  } catch (error) {
    return { written, error }
  }
}

async function openForAppend(path: string) {
  try {
    return await open(path, 'a', 0o600)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return open(path, 'a', 0o600)
  }
}
