/** Header fields as they stood on the wire: name, value, name, value, ... in order, duplicates kept. */
export type RawHeaders = readonly string[]

/** Value of the first field called `name` (given in lower case), or undefined. */
export function headerValue(headers: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i]
    if (field !== undefined && field.length === name.length && field.toLowerCase() === name) return headers[i + 1]
  }
  return undefined
}

/** Values of every field called `name` (given in lower case), in order. */
export function headerValues(headers: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i]
    if (field !== undefined && field.length === name.length && field.toLowerCase() === name)
      values.push(headers[i + 1] ?? '')
  }
  return values
}
