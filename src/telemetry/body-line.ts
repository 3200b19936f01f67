import { redact } from '../lib/redact.ts'
import type { BodyRecording, RecordedBody } from './body-recording.ts'
import type { RedactBody } from './body-redaction.ts'

interface LoggedBody {
  readonly bytes: number
  readonly text?: string
  /** There was more. */
  readonly cut?: true
  /** What it was, where it was no text. */
  readonly left_out?: string
}

/** One line of JSON; `id` is that of the line in the request log, which tells the rest. */
export function bodyLine(recording: BodyRecording, redactBody: RedactBody, secrets: readonly string[]): string {
  const { trace, status, end, request, answer } = recording
  return `${JSON.stringify({
    id: trace.id,
    time: new Date(trace.arrivedAt).toISOString(),
    user: trace.user,
    keyId: trace.keyId,
    keyName: trace.keyName,
    method: trace.method,
    path: redact(trace.path),
    model: trace.model,
    status,
    end,
    request: logged(request),
    answer: logged(answer),
  })}\n`

  function logged({ capture, unreadable }: RecordedBody): LoggedBody {
    const body = capture.take()
    if (unreadable !== null) return { bytes: body.bytes, left_out: redact(unreadable) }
    return { bytes: body.bytes, text: redactBody(body, secrets), ...(body.isCut ? { cut: true } : {}) }
  }
}
