import { Secret } from './secret.ts'

export type SettingPath = readonly (string | number)[]

/** What turning written settings into ready ones needs of the world; problems are gathered, not thrown. */
export interface SettingsContext {
  /** A relative path begins where it was written: beside the config file, or in the working folder. */
  absolutePath(path: string, at: SettingPath): string
  /** The text of a file. Tells the problem itself where it returns undefined. */
  readText(path: string, at: SettingPath): string | undefined
  /** `sentence` goes on after the name of the setting. */
  problem(at: SettingPath, sentence: string): void
}

/** A secret that was written as it is, or as the file that holds it. */
export function readSecret(
  written: { readonly value: Secret | undefined; readonly file: string | undefined },
  at: SettingPath,
  context: SettingsContext,
): Secret | null {
  if (written.file === undefined) return written.value ?? null
  const fileAt = [...at.slice(0, -1), `${String(at.at(-1))}_file`]
  if (written.value !== undefined) {
    context.problem(fileAt, `is set and so is ${String(at.at(-1))}: keep one of them`)
    return null
  }
  const text = context.readText(written.file, fileAt)?.replace(/\r?\n$/, '')
  if (text === undefined) return null
  if (text === '' || /[\r\n]/.test(text)) {
    context.problem(fileAt, `names a file that should hold one line, but holds ${text === '' ? 'nothing' : 'more'}`)
    return null
  }
  return new Secret(text)
}
