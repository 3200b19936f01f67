import { chmodSync, chownSync, cpSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from '../../system/harness/start-gateway.ts'
import { contextFiles, copiesOf, environmentOf, readStages, type Image } from './image-plan.ts'

export interface StagedImage {
  /** What `/app` is in the image. */
  readonly app: string
  readonly data: string
  /** What ENV says, with paths of the image turned into those of the folder. */
  readonly env: Readonly<Record<string, string>>
  /** A path of the image as one of this machine. */
  here(path: string): string
}

export const IMAGE_USER = 1000

/**
 * What a build copies into the image, in a folder: the files of the context that .dockerignore lets through, and the
 * packages that `npm ci --omit=dev --omit=optional` takes from the lock file.
 */
export function stageImage(image: Image, folder: string): StagedImage {
  const stage = readStages(image).at(-1)
  if (stage === undefined) throw new Error(`${image} has no stage`)
  const app = join(folder, 'app')
  const data = join(folder, 'data')
  const here = (path: string): string => path.replaceAll(/\/(app|data)(?=\/|$)/g, (place) => `${folder}${place}`)
  for (const { fromStage, sources, target } of copiesOf(stage)) {
    if (fromStage === undefined) for (const source of sources) copySource(source, join(app, target))
  }
  for (const path of productionPackages()) cpSync(join(ROOT, path), join(app, path), { recursive: true })
  mkdirSync(data, { mode: 0o700 })
  if (process.getuid?.() === 0) chownSync(data, IMAGE_USER, IMAGE_USER)
  chmodSync(folder, 0o755)
  const env = Object.fromEntries(Object.entries(environmentOf(stage)).map(([name, value]) => [name, here(value)]))
  return { app, data, env, here }
}

/** As COPY does it: the content of a folder, or a file into a folder. */
function copySource(source: string, target: string): void {
  const isFolder = !source.includes('*') && lstatSync(join(ROOT, source)).isDirectory()
  for (const file of contextFiles(source)) {
    const to = isFolder ? join(target, file.slice(source.length)) : join(target, file.split('/').at(-1) ?? '')
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(ROOT, file), to)
  }
}

function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>
  }
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    const isLeftOut = path === '' || entry.dev === true || entry.optional === true || entry.devOptional === true
    return isLeftOut ? [] : [path]
  })
}

export function sizeOf(folder: string): { bytes: number; files: number } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, file) => sum + lstatSync(join(file.parentPath, file.name)).size, 0)
  return { bytes, files: files.length }
}
