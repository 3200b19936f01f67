export type Variables = Readonly<Record<string, string | undefined>>

export type Interpolation =
  | { readonly kind: 'text'; readonly text: string; readonly changed: boolean }
  /** `unset` is the variable that is not set, where nothing else is wrong. */
  | { readonly kind: 'problem'; readonly sentence: string; readonly unset?: string }

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Puts variables in for `${NAME}`; `$${` is a plain `${`. What a variable holds is not looked at again. */
export function interpolate(text: string, variables: Variables): Interpolation {
  let result = ''
  let at = 0
  for (let open = text.indexOf('${'); open !== -1; open = text.indexOf('${', at)) {
    if (open > at && text[open - 1] === '$') {
      result += `${text.slice(at, open - 1)}\${`
      at = open + 2
      continue
    }
    const close = text.indexOf('}', open)
    const name = close === -1 ? '' : text.slice(open + 2, close)
    if (!NAME.test(name)) return { kind: 'problem', sentence: 'holds a "${" that is not ${NAME}; "$${" is a plain one' }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (value === undefined) {
      return { kind: 'problem', sentence: `names the variable ${name}, which is not set`, unset: name }
    }
    result += text.slice(at, open) + value
    at = close + 1
  }
  return { kind: 'text', text: result + text.slice(at), changed: at > 0 }
}
