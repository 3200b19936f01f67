import { Buffer } from 'node:buffer'
import { createHmac, randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Secret } from '../lib/secret.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Store } from './open-store.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'
import { storeProblem } from './store-problem.ts'
import { parseStoreUrl } from './store-url.ts'

export interface PepperOptions {
  readonly storeUrl: string
  readonly store: Pick<Store, 'listKeys' | 'claimPepper'>
  /** CORRAL_PEPPER: 64 hex digits, or at least 32 characters of any kind. Without it the file holds it. */
  readonly pepper?: Secret | undefined
  /** Where relative paths begin. */
  readonly cwd?: string
  /** Hears a sentence about something that was put right. */
  readonly onWarning?: (sentence: string) => void
}

const PEPPER_BYTES = 32
const PEPPER_HEX = /^[0-9a-f]{64}$/i
const MIN_TEXT_LENGTH = 32

/**
 * The secret that digests are made with, so that a stolen database opens nothing. Made on first use, by whichever
 * process comes first. Throws GatewayError `invalid_input` rather than let every key become invalid.
 */
export async function loadPepper(options: PepperOptions): Promise<Uint8Array> {
  const path = join(dirname(parseStoreUrl(options.storeUrl, options.cwd)), 'corral.secret')
  const given = options.pepper?.reveal()
  const pepper = given === undefined ? await loadFile(path, options) : parsePepper(given, 'CORRAL_PEPPER')
  if (await options.store.claimPepper(markOf(pepper))) return pepper
  const source = given === undefined ? `The secret "${path}"` : 'CORRAL_PEPPER'
  throw refused(`${source} is not the one that the keys of this database were made with: put back the former one`)
}

async function loadFile(path: string, { store, onWarning }: PepperOptions): Promise<Uint8Array> {
  // Asked before the file is read: a key that is there now was made after the file was.
  const keys = await store.listKeys()
  try {
    const text = readSecretFile(path, onWarning)
    if (text !== undefined) return parsePepper(text.trim(), `The secret "${path}"`)
    if (!keys.some((key) => key.kind === 'key')) {
      return parsePepper(createSecretFile(path, randomBytes(PEPPER_BYTES).toString('hex')), `The secret "${path}"`)
    }
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw refused(`Cannot use the secret "${path}": ${storeProblem(error)}`, error)
  }
  throw refused(
    `The secret "${path}" is missing, and without it no key of this database is valid: put it back or set CORRAL_PEPPER`,
  )
}

function parsePepper(text: string, source: string): Uint8Array {
  if (PEPPER_HEX.test(text)) return Buffer.from(text, 'hex')
  if (source === 'CORRAL_PEPPER' && text.length >= MIN_TEXT_LENGTH) return Buffer.from(text, 'utf8')
  const rule = source === 'CORRAL_PEPPER' ? '64 hex digits or at least 32 characters' : '64 hex digits'
  throw refused(`${source} is not ${rule}`)
}

function markOf(pepper: Uint8Array): string {
  return createHmac('sha256', pepper).update('corral pepper mark').digest('hex')
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_input', { message, cause })
}
