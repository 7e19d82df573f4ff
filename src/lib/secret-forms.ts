/** Minimum length of a secret that is removed: shorter ones occur in many words by chance. */
const shortest = 4;

/** What takes a secret's place. */
const removed = "[secret]";

/**
 * The secret in a URL's path after /media/, or a long part of it, with slashes as they are or escaped. Others repeat such
 * URLs in their texts to everybody, also to those that do not know the secret.
 */
const mediumSecrets = /(?<=media(?:\\{0,3}\/|%2f|\\{1,3}u002f|&#(?:x2f|47);))[\w%\\-]{32,}/giu;

/**
 * The forms in which a controller may repeat a secret: as it is, escaped for JSON, URLs or HTML, in base64 and in hex. The
 * longest come first. Pure.
 */
export function secretForms(secret: string): readonly string[] {
  if (secret.length < shortest) {
    return [];
  }
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret);
  const base64 = [bytes.toString("base64"), bytes.toString("base64url")];
  const forms = [
    ...[secret, json, JSON.stringify(json).slice(1, -1), json.replaceAll("/", "\\/"), unicodeEscaped(secret)],
    ...percentForms(secret),
    ...htmlForms(secret),
    ...base64.flatMap((text) => [text, text.replace(/=+$/u, "")]),
    ...[bytes.toString("hex"), bytes.toString("hex").toUpperCase()],
  ];
  return [...new Set(forms)].toSorted((one, other) => other.length - one.length);
}

/**
 * Removes these secrets in all of their forms, and the secrets in URLs with /media/, from a text. Call it before the text is
 * cut; a text of any length is cut by {@link startWithoutSecrets} or {@link endWithoutSecrets}. Pure.
 */
export function withoutSecretForms(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap(secretForms).toSorted((one, other) => other.length - one.length);
  return forms.reduce((rest, form) => rest.replaceAll(form, removed), text).replaceAll(mediumSecrets, removed);
}

/** Number of characters left out beside a cut: half a secret there was not found. Forms of keys have some thousands. */
const besideCut = 8192;

/**
 * The beginning of a text that may have megabytes, without secrets. Of a text that is longer than `most`, the characters
 * before the cut are left out too. Pure.
 * @param clean removes secrets that are there whole
 * @param most number of characters that are looked at, more than 8192
 */
export function startWithoutSecrets(text: string, clean: (text: string) => string, most: number): string {
  return text.length <= most ? clean(text) : clean(text.slice(0, most)).slice(0, -besideCut);
}

/** The same for the end of a text of which `most` characters were kept: those after the cut are left out. Pure. */
export function endWithoutSecrets(text: string, clean: (text: string) => string, most: number): string {
  return text.length < most ? clean(text) : clean(text.slice(-most)).slice(besideCut);
}

/** All but letters and digits as \uXXXX, as some JSON writers do, with hex digits of either case. */
function unicodeEscaped(secret: string): string {
  return secret.replaceAll(/[^A-Za-z0-9]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

function percentForms(secret: string): readonly string[] {
  // A lone surrogate can't be encoded.
  const usual = encodeURIComponent(secret.toWellFormed());
  const strict = usual.replaceAll(/[!'()*.~_-]/gu, (character) => percent(character));
  const forms = [usual, strict, usual.replaceAll(/[!'()*]/gu, (character) => percent(character))];
  return forms.flatMap((form) => [
    form,
    form.replaceAll("%20", "+"),
    form.replaceAll(/%[0-9A-F]{2}/gu, (code) => code.toLowerCase()),
  ]);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function htmlForms(secret: string): readonly string[] {
  const basic = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quoted = basic.replaceAll('"', "&quot;");
  return [
    basic,
    quoted,
    quoted.replaceAll("'", "&#39;"),
    quoted.replaceAll("'", "&#x27;"),
    quoted.replaceAll("'", "&apos;"),
  ];
}
