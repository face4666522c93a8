export const LANGUAGES = ['en', 'de', 'es', 'fr'] as const
export type Language = (typeof LANGUAGES)[number]

export const URGENCIES = ['low', 'medium', 'high'] as const
export type Urgency = (typeof URGENCIES)[number]

export const SENTIMENTS = ['negative', 'neutral', 'positive'] as const
export type Sentiment = (typeof SENTIMENTS)[number]

export const DIMENSIONS = ['urgency', 'sentiment', 'action'] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** One bit per language; a term for `any` has all of them. */
export const ALL_LANGUAGES = (1 << LANGUAGES.length) - 1
export const languageBit = (language: Language | 'any'): number =>
  language === 'any' ? ALL_LANGUAGES : 1 << LANGUAGES.indexOf(language)
