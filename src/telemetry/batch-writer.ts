import type { Buffer } from 'node:buffer'
import { join } from 'node:path'
import type { Log } from '../lib/log.ts'
import { appendToFile } from './append-file.ts'

/** Lines of one day, which is one file. */
export interface Batch {
  readonly day: string
  readonly bytes: Buffer
  /** Of these bytes, how many are lines. */
  length: number
  lines: number
  /** Bytes of it that are on disk, after a failure on the way. */
  writtenBytes: number
}

export interface BatchWriter {
  /** Whether all of it is on disk now; if not, the same batch is to be given again. */
  append(batch: Batch): Promise<boolean>
  isFailing(): boolean
  failures(): number
}

export interface BatchWriterDeps {
  readonly directory: string
  readonly log: Pick<Log, 'warn'>
}

export interface BatchWriterTerms {
  /** Files are called `NAME-YYYY-MM-DD.jsonl`. */
  readonly name: string
  /** What a warning calls it. */
  readonly title: string
}

/** A failure is told once, until it works again. */
export function createBatchWriter({ directory, log }: BatchWriterDeps, { name, title }: BatchWriterTerms): BatchWriter {
  let failures = 0
  let isFailing = false

  async function append(batch: Batch): Promise<boolean> {
    const path = join(directory, `${name}-${batch.day}.jsonl`)
    const { written, error } = await appendToFile(path, batch.bytes.subarray(batch.writtenBytes, batch.length))
    if (error === null) {
      isFailing = false
      return true
    }
    batch.writtenBytes += written
    failures++
    if (!isFailing) log.warn({ err: error, directory }, `The ${title} cannot be written; its lines wait in memory`)
    isFailing = true
    return false
  }

  return { append, isFailing: () => isFailing, failures: () => failures }
}
