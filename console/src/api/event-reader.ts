export interface ServerEvent {
  readonly event: string
  readonly data: string
}

export interface EventReader {
  /** Takes the next piece of the stream, wherever it was cut; returns the events that are whole now. */
  read(text: string): ServerEvent[]
}

/** Reads `text/event-stream` (https://html.spec.whatwg.org/multipage/server-sent-events.html), fields event and data. */
export function createEventReader(): EventReader {
  let rest = ''
  let event = ''
  let data: string[] = []

  function line(text: string, found: ServerEvent[]): void {
    if (text === '') {
      if (data.length > 0) found.push({ event: event === '' ? 'message' : event, data: data.join('\n') })
      event = ''
      data = []
      return
    }
    const colon = text.indexOf(':')
    const name = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') event = value
    else if (name === 'data') data.push(value)
  }

  return {
    read(text) {
      const found: ServerEvent[] = []
      const lines = (rest + text).split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const each of lines) line(each, found)
      return found
    },
  }
}
