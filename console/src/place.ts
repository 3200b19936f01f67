import { createStore, useStore } from './store.ts'

/** Where in the page somebody is: `#/keys/laptop?state=active` is page `keys`, rest `laptop`, and a query. */
export interface Place {
  readonly page: string
  readonly rest: readonly string[]
  readonly query: URLSearchParams
}

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [page = '', ...rest] = path.split('/').map(decoded)
  return { page, rest: rest.filter((part) => part !== ''), query: new URLSearchParams(query) }
}

/** The link to a page of the console, for `href`. */
export function linkTo(
  page: string,
  rest: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const path = [page, ...rest].map(encodeURIComponent).join('/')
  const search = new URLSearchParams(query).toString()
  return `#/${path}${search === '' ? '' : `?${search}`}`
}

const place = createStore<Place>(parsePlace(globalThis.location?.hash ?? ''))

globalThis.addEventListener?.('hashchange', () => place.set(parsePlace(location.hash)))

export function usePlace(): Place {
  return useStore(place)
}

export function goTo(href: string): void {
  location.hash = href
}

/** As `goTo`, but the way back leads to where somebody was before. */
export function replacePlace(href: string): void {
  history.replaceState(null, '', href)
  place.set(parsePlace(location.hash))
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
