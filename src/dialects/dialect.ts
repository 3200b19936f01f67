/** The API shapes Corral speaks. */
export type Dialect = 'ollama' | 'openai' | 'responses' | 'anthropic'
