import process from 'node:process'
import { readSettings } from './settings.ts'
import { supervise } from './supervise.ts'

const say = (sentence: string): void => void process.stderr.write(`corral-ollama: ${sentence}\n`)

const { env } = process
const reading = readSettings(env)
if (reading.kind === 'refused') {
  say(reading.sentence)
  process.exitCode = 1
} else {
  for (const note of reading.settings.notes) say(note)
  process.exit(await supervise(process, reading.settings, say))
}
