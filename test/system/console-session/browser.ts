import type { RunningGateway } from '../harness/start-gateway.ts'

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number
  readonly code: string | null
  readonly body: Body
  readonly headers: Headers
}

export interface Asking {
  readonly body?: unknown
  /** Beside what a browser sends by itself, or in its place; null leaves a field out. */
  readonly headers?: Readonly<Record<string, string | null>>
}

/** What a page of the gateway's own does in a browser: the cookie goes along by itself, the rest it is told. */
export interface Browser {
  ask(call: string, asking?: Asking): Promise<Answer>
  /** As `ask`, before anything of the answer is read. */
  send(call: string, asking?: Asking): Promise<Response>
  logIn(how: { readonly key: string } | { readonly link: string }): Promise<Answer>
  cookie: string | undefined
  csrf: string | undefined
}

export function openBrowser({ url }: Pick<RunningGateway, 'url'>): Browser {
  async function send(call: string, { body, headers = {} }: Asking = {}): Promise<Response> {
    const [method = '', path = ''] = call.split(' ')
    const own: Record<string, string | null | undefined> = {
      cookie: browser.cookie,
      origin: method === 'GET' ? undefined : url,
      'corral-csrf': method === 'GET' ? undefined : browser.csrf,
      ...headers,
    }
    const fields = Object.entries(own).filter((field): field is [string, string] => typeof field[1] === 'string')
    return fetch(url + path, { method, headers: fields, body: body === undefined ? null : JSON.stringify(body) })
  }
  async function ask(call: string, asking?: Asking): Promise<Answer> {
    const answer = await send(call, asking)
    const text = await answer.text()
    const { status, headers } = answer
    return { status, headers, code: headers.get('corral-error'), body: parsed(text) }
  }
  const browser: Browser = {
    cookie: undefined,
    csrf: undefined,
    ask,
    send,
    async logIn(how) {
      const answer = await ask('POST /console/session', { body: how })
      browser.cookie = answer.headers.get('set-cookie')?.split(';')[0]
      browser.csrf = answer.body['csrf'] as string | undefined
      return answer
    },
  }
  return browser
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return { text }
  }
}
