/** A phrase that has to be read twice, with what to write instead. */
export interface HardPhrase {
  pattern: RegExp;
  /** The plain form. */
  instead: string;
}

/** Phrases that name no subject, or hide it. Matched in any letter case, as whole words. */
export const hardPhrases: readonly HardPhrase[] = [
  { pattern: /\bso +many\b/giu, instead: 'N, "maximum number of …", or the parameter\'s name' },
  { pattern: /\bat +most +so\b/giu, instead: '"maximum", with the name of the value' },
  { pattern: /\btold +of\b/giu, instead: '"reported", "listed" or "announced"' },
  { pattern: /\bwhoever\b/giu, instead: "the caller, reader, process or person by its name" },
  { pattern: /\bwhat +became +of\b/giu, instead: '"the result of"' },
  { pattern: /\bwhat +comes +of\b/giu, instead: '"the result of"' },
  { pattern: /\bthat +of\b/giu, instead: "the noun again" },
  { pattern: /\bone +that\b/giu, instead: "the noun again" },
  { pattern: /\bthe +same +again\b/giu, instead: "the noun again" },
  { pattern: /\bsuch +a +one\b/giu, instead: "the noun again" },
  { pattern: /\bof +which +none\b/giu, instead: "a sentence of its own" },
  { pattern: /\bnobody's +business\b/giu, instead: 'what happens to it, such as "is not sent"' },
  { pattern: /\bis +asked +for\b/giu, instead: '"is requested"' },
  { pattern: /\bwhat +is +asked\b/giu, instead: '"the request"' },
  { pattern: /\bwhat +it +is +to +be\b/giu, instead: "the name of the thing" },
  { pattern: /\bwhich +is +what\b/giu, instead: "a sentence of its own" },
  { pattern: /\bhave +a +machine +\w/giu, instead: 'a verb, such as "quarantine a machine"' },
  { pattern: /\bsays? +to +be\b/giu, instead: '"claims to be"' },
  { pattern: /\b(?:asks?|wants?) +to +be +let +in\b/giu, instead: '"waits for approval", or "asks to enrol"' },
];

/**
 * How many hard phrases a file may have, until somebody rewrites them. The counts only shrink: a test fails when a file
 * has more than its count, and when it has fewer.
 */
export const hardPhrasesAllowed: Readonly<Record<string, number>> = {};
