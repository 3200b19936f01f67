import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigError } from './config-error.ts'
import type { Variables } from './interpolate.ts'
import { readBounded } from './read-bounded.ts'

export interface Environment {
  readonly variables: Variables
  /** How a variable is called in a sentence: those of the file are marked. */
  nameOf(variable: string): string
}

/** The environment, and below it what a `.env` file in the folder says. An empty variable counts as not set. */
export function readEnvironment(env: Variables, cwd: string): Environment {
  const fromFile = readDotEnv(join(cwd, '.env'))
  const isSet = (variable: string) => env[variable] !== undefined && env[variable] !== ''
  const given = Object.fromEntries(Object.entries(env).filter(([variable]) => isSet(variable)))
  return {
    variables: { ...fromFile, ...given },
    nameOf: (variable) => (isSet(variable) || !Object.hasOwn(fromFile, variable) ? variable : `${variable} (.env)`),
  }
}

function readDotEnv(path: string): Record<string, string> {
  const read = readBounded(path)
  if (read.kind === 'unreadable') {
    // A virtual environment of Python is a folder of this name.
    if (read.missing || read.sentence === 'it is a folder') return {}
    throw new ConfigError([`.env cannot be read: ${read.sentence}`])
  }
  const text = read.text.replace(/^\uFEFF/, '')
  return Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  )
}
