/** Fits where the answer of an upstream is heard, and hears nothing of it: nobody waits for that one, or does any more. */
export const deafSink = {
  accepted: () => {},
  info: () => {},
  head: () => {},
  data: () => true,
  end: () => {},
  fail: () => {},
  released: () => {},
} as const
