import { sendJson, type Answer } from './answer.ts'
import type { BlobStore } from './blobs.ts'
import type { Engine } from './engine.ts'
import { jsonBody, recordField, textField, type Exchange } from './exchange.ts'
import { encode } from './go-json.ts'
import { displayName, parseName } from './model-name.ts'
import { sha256, type InstalledModel } from './model-store.ts'
import { nameOf } from './native-models.ts'
import { OllamaError } from './ollama-error.ts'
import { pause } from './pause.ts'
import { CREATE, TRANSFER } from './request-shapes.ts'
import { DEFAULT_SIZE_BYTES } from './runners.ts'

/** One line of progress. Work stands between the lines, so errors come in-band after status 200. */
type Progress = AsyncGenerator<object>

const PROGRESS_LINES = 4

export async function handlePull(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, TRANSFER)
  const name = validName(nameOf(fields))
  await tellProgress(exchange.answer, pull(engine, name, exchange.signal), fields['stream'] !== false)
}

export async function handlePush(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, TRANSFER)
  const name = nameOf(fields)
  await tellProgress(exchange.answer, push(engine, name, exchange.signal), fields['stream'] !== false)
}

export async function handleCreate(engine: Engine, blobs: BlobStore, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, CREATE)
  const name = validName(nameOf(fields))
  const files = Object.values(recordField(fields, 'files')).map(String)
  const from = textField(fields, 'from')
  if (from === '' && files.length === 0) throw new OllamaError(400, "neither 'from' or 'files' was specified")
  const plan = { name, from, files, system: textField(fields, 'system') }
  await tellProgress(
    exchange.answer,
    create(engine, { blobs, signal: exchange.signal }, plan),
    fields['stream'] !== false,
  )
}

async function* pull(engine: Engine, name: string, signal: AbortSignal): Progress {
  yield { status: 'pulling manifest' }
  const { registry, pullBytesPerSecond } = engine.options
  const found = registry === undefined ? !name.startsWith('missing') : name in registry
  if (!found) throw new OllamaError(500, 'pull model manifest: file does not exist')
  const total = registry?.[name] ?? DEFAULT_SIZE_BYTES
  checkRoom(engine, name, total)
  yield* transferLayer({ verb: 'pulling', name, total, pullBytesPerSecond, signal })
  yield { status: 'verifying sha256 digest' }
  yield { status: 'writing manifest' }
  engine.models.install({ name, sizeBytes: total })
  yield { status: 'success' }
}

function checkRoom({ models, options }: Engine, name: string, total: number): void {
  const used = models.list().reduce((sum, { spec }) => sum + (spec.sizeBytes ?? DEFAULT_SIZE_BYTES), 0)
  if (used + total <= options.diskBytes) return
  const file = `/root/.ollama/models/blobs/sha256-${sha256(name)}-partial`
  throw new OllamaError(500, `write ${file}: no space left on device`)
}

async function* push(engine: Engine, name: string, signal: AbortSignal): Progress {
  yield { status: 'retrieving manifest' }
  const model = engine.models.find(name)
  if (model === undefined) throw new OllamaError(404, `model '${name}' not found`)
  const total = model.spec.sizeBytes ?? DEFAULT_SIZE_BYTES
  yield* transferLayer({ verb: 'pushing', name, total, pullBytesPerSecond: engine.options.pullBytesPerSecond, signal })
  yield { status: 'pushing manifest' }
  yield { status: 'success' }
}

interface Transfer {
  readonly verb: string
  readonly name: string
  readonly total: number
  readonly pullBytesPerSecond: number
  readonly signal: AbortSignal
}

async function* transferLayer({ verb, name, total, pullBytesPerSecond, signal }: Transfer): Progress {
  const digest = `sha256:${sha256(name)}`
  const status = `${verb} ${digest.slice(7, 19)}`
  for (let line = 0; line <= PROGRESS_LINES; line += 1) {
    const completed = Math.floor((total * line) / PROGRESS_LINES)
    yield { status, digest, total, ...(completed === 0 ? {} : { completed }) }
    if (line < PROGRESS_LINES) await pause((total / PROGRESS_LINES / pullBytesPerSecond) * 1000, signal)
  }
}

interface CreatePlan {
  readonly name: string
  readonly from: string
  readonly files: readonly string[]
  readonly system: string
}

async function* create(
  engine: Engine,
  context: { readonly blobs: BlobStore; readonly signal: AbortSignal },
  plan: CreatePlan,
): Progress {
  const base = plan.from === '' ? undefined : engine.models.find(plan.from)
  if (plan.from !== '' && base === undefined) yield* pullBase(engine, plan.from, context.signal)
  for (const digest of plan.files) {
    if (!context.blobs.has(digest)) throw new OllamaError(400, `blob not found: ${digest}`)
    yield { status: 'parsing GGUF' }
  }
  for (const layer of layersOf(base)) yield { status: `using existing layer sha256:${layer}` }
  if (plan.system !== '') yield { status: `creating new layer sha256:${sha256(plan.system)}` }
  yield { status: `using existing layer sha256:${sha256('parameters')}` }
  yield { status: 'writing manifest' }
  engine.models.install({ ...base?.spec, name: plan.name }, { system: plan.system })
  yield { status: 'success' }
}

async function* pullBase(engine: Engine, name: string, signal: AbortSignal): Progress {
  for await (const line of pull(engine, displayOf(name), signal)) {
    if (!('status' in line) || line.status !== 'success') yield line
  }
}

function layersOf(base: InstalledModel | undefined): string[] {
  return base === undefined ? [] : [sha256(`blob ${base.digest}`), sha256(`template ${base.digest}`)]
}

async function tellProgress(answer: Answer, progress: Progress, streams: boolean): Promise<void> {
  try {
    for await (const line of progress) {
      if (!streams) continue
      if (!answer.started) answer.head(200, [['Content-Type', 'application/x-ndjson']])
      await answer.write(`${encode(line)}\n`)
    }
  } catch (error) {
    if (!(error instanceof OllamaError) || !answer.started) throw error
    await answer.write(`${encode({ error: error.message })}\n`)
    return answer.end()
  }
  if (streams) await answer.end()
  else await sendJson(answer, 200, { status: 'success' })
}

function validName(name: string): string {
  if (parseName(name) === undefined) throw new OllamaError(400, 'invalid model name')
  return displayOf(name)
}

function displayOf(name: string): string {
  const parsed = parseName(name)
  return parsed === undefined ? name : displayName(parsed)
}
