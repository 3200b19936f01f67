import { InvalidArgumentError, type Command } from 'commander'
import { limitWords, type LimitChanges, type LimitsView, type LimitWord } from '../admin/limit-schemas.ts'
import { parseTokenCount } from '../lib/token-count.ts'

export interface LimitOptions {
  readonly limit?: LimitsView
}

export interface LimitChangeOptions {
  readonly limit?: LimitChanges
}

/** `of`: whose it is. */
export function addLimitOption(command: Command, of: string): Command {
  return command.option(
    '--limit <name=number>',
    `limit of ${of}, once for each: ${limitWords.join(', ')} (default: none)`,
    addLimit,
  )
}

/** Of a change: a limit can be taken away, too. */
export function addLimitChangeOption(command: Command, of: string): Command {
  return command.option(
    '--limit <name=number>',
    `limit of ${of}, once for each: ${limitWords.join(', ')}; NAME=none takes one away`,
    changeLimit,
  )
}

function addLimit(value: string, previous: LimitsView = {}): LimitsView {
  const { word, limit } = parseLimit(value)
  if (limit === null) throw new InvalidArgumentError('There is nothing to take away yet.')
  return { ...previous, [word]: limit }
}

function changeLimit(value: string, previous: LimitChanges = {}): LimitChanges {
  const { word, limit } = parseLimit(value)
  return { ...previous, [word]: limit }
}

function parseLimit(value: string): { readonly word: LimitWord; readonly limit: number | null } {
  const [name = '', text = ''] = value.split('=', 2)
  const word = limitWords.find((known) => known === name)
  if (word === undefined) throw new InvalidArgumentError(`It must be one of ${limitWords.join(', ')}, = and a number.`)
  if (text === 'none') return { word, limit: null }
  const limit = parseAmount(word, text)
  if (limit === undefined) throw new InvalidArgumentError(`${word} must be ${wantedOf(word)}.`)
  return { word, limit }
}

function parseAmount(word: LimitWord, text: string): number | undefined {
  if (word.startsWith('tokens_')) return parseTokenCount(text)
  const amount = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  const isFit =
    amount > 0 && amount <= Number.MAX_SAFE_INTEGER && (word === 'money_per_month' || Number.isInteger(amount))
  return isFit ? amount : undefined
}

function wantedOf(word: LimitWord): string {
  if (word.startsWith('tokens_')) return 'a number of tokens from 1 on, such as 500000, 500k or 2M'
  return word === 'money_per_month' ? 'a number above 0' : 'a whole number from 1'
}
