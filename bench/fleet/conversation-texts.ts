import type { SimulatedRequest } from '../routing/workload.ts'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** Makes prompts of the wanted lengths, in which a conversation begins as it did before. */
export interface ConversationTexts {
  messagesOf(request: SimulatedRequest): Message[]
  answered(request: SimulatedRequest, text: string): void
}

/** As the fake counts. */
const CHARACTERS_PER_TOKEN = 4
/** What the fake puts around a message. */
const FRAME = '<|assistant|>\n'.length
const SHORTEST = 4

export function createConversationTexts(): ConversationTexts {
  const turns = new Map<number, Message[]>()
  return {
    messagesOf({ id, conversation, promptTokens }) {
      const before = turns.get(conversation) ?? []
      const taken = before.reduce((sum, { content }) => sum + content.length + FRAME, 2 * FRAME)
      const length = Math.max(SHORTEST, promptTokens * CHARACTERS_PER_TOKEN - taken)
      const messages: Message[] = [...before, { role: 'user', content: filler(id, length) }]
      turns.set(conversation, messages)
      return messages
    },
    answered({ conversation }, text) {
      const before = turns.get(conversation) ?? []
      // Its next turn may have been asked for meanwhile, without this answer.
      if (before.at(-1)?.role === 'user') turns.set(conversation, [...before, { role: 'assistant', content: text }])
    },
  }
}

/** No two prompts begin alike by chance. */
function filler(id: number, length: number): string {
  const word = `${id.toString(36)} `
  return word.repeat(Math.ceil(length / word.length)).slice(0, length)
}
