/** How many tokens one block of a prompt stands for, where prompts are compared by their beginnings. */
export const BLOCK_TOKENS = 128
