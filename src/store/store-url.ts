import { resolve } from 'node:path'
import { GatewayError } from '../errors/gateway-error.ts'

/** The absolute path of the database that a `sqlite:PATH` names. */
export function parseStoreUrl(url: string, cwd: string = process.cwd()): string {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/i.exec(url)?.[1]
  if (
    path === undefined ||
    path.startsWith('//') ||
    path.startsWith(':') ||
    path.endsWith('/') ||
    /[\0?#]/.test(path)
  ) {
    throw new GatewayError('invalid_input', { message: `The store ${quote(url)} is not of the form sqlite:PATH` })
  }
  return resolve(cwd, path)
}

/** A database URL may hold a password. */
function quote(url: string): string {
  return JSON.stringify(url.replace(/\/\/[^@/]*@/, '//'))
}
