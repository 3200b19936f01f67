/** The pool of agents that nobody put into another one. It is always there. */
export const defaultPool = 'default'
