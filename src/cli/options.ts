import { InvalidArgumentError, Option, type Command } from 'commander'
import type { TermsInput } from '../admin/key-schemas.ts'
import { MAX_WEIGHT, queueClasses, type QueueShare } from '../auth/principal.ts'
import { isScope, scopes, type Scope } from '../auth/scope.ts'
import { parseDuration } from '../lib/duration.ts'
import { type Expiry, parseExpiry } from './expiry-option.ts'

export interface ConfigOptions {
  readonly config?: string
}

/** Which users and keys a command is about: those of the config's store, or those of a running gateway. */
export interface StoreOptions extends ConfigOptions {
  readonly server?: string
  readonly key?: string
}

export interface TermsOptions {
  readonly scope?: readonly Scope[]
  readonly model?: readonly string[]
  readonly upstream?: readonly string[]
  readonly expires?: Expiry
  readonly class?: QueueShare['class']
  readonly weight?: number
}

export function addConfigOption(command: Command): Command {
  return command.option('--config <file>', 'config file (default: corral.yaml, where there is one)')
}

export function addStoreOptions(command: Command): Command {
  return addServerOptions(command, 'key with scope admin for --server')
}

/** For what members may do with their own keys, too. */
export function addKeyDeskOptions(command: Command): Command {
  return addServerOptions(command, "key for --server: an admin's, or a member's for the member's own keys")
}

function addServerOptions(command: Command, key: string): Command {
  return addConfigOption(command)
    .option('--server <url>', 'ask this running gateway in place of the store of the config')
    .option('--key <key>', `${key} (default: CORRAL_KEY)`)
}

export function addTermsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--scope <scope...>',
        `what it may do: ${scopes.join(', ')} (default: chat embed models:read)`,
      ).argParser(addScope),
    )
    .option(
      '--model <glob...>',
      'models it may use; cloud models only where a pattern names them (default: every local one)',
    )
    .option('--upstream <name...>', 'upstreams it may reach (default: all)')
    .option(
      '--expires <time>',
      'end by itself after this long, such as 12h or 30d, or on a day such as 2027-01-31 (default: never)',
      parseExpiry,
    )
    .addOption(
      new Option('--class <class>', 'how it waits for an upstream: batch lets all others go before it').choices(
        queueClasses,
      ),
    )
    .option(
      '--weight <number>',
      `its share while several wait: a key of weight 2 gets twice as much, up to ${MAX_WEIGHT} (default: 1)`,
      parseWeight,
    )
}

export function termsOf(options: TermsOptions): TermsInput {
  return {
    ...(options.scope && { scopes: [...options.scope] }),
    ...(options.model && { models: [...options.model] }),
    ...(options.upstream && { upstreams: [...options.upstream] }),
    ...options.expires,
    ...(options.class && { class: options.class }),
    ...(options.weight !== undefined && { weight: options.weight }),
  }
}

export function parseDurationOption(value: string): number {
  const milliseconds = parseDuration(value)
  if (milliseconds === undefined || milliseconds < 1000) {
    throw new InvalidArgumentError('It must be a duration of at least 1s, such as 90s, 12h or 30d.')
  }
  return milliseconds
}

export function parseWeight(value: string): number {
  const weight = /^\d{1,3}$/.test(value) ? Number(value) : 0
  if (weight < 1 || weight > MAX_WEIGHT) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_WEIGHT}.`)
  }
  return weight
}

export function toSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000)
}

function addScope(value: string, previous: readonly Scope[] = []): readonly Scope[] {
  const added = value.split(',').map((text) => {
    if (isScope(text)) return text
    throw new InvalidArgumentError(`It must be one of ${scopes.join(', ')}; names go before the options.`)
  })
  return [...previous, ...added]
}
