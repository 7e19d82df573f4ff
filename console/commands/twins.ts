/** A word as a POSIX shell takes it: in single quotes where it needs them. Pure. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Words as one line of a POSIX shell. Pure. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => shellQuoted(word)).join(" ");
}

/** The curl call of a message in JSON, as docs/api.md writes calls: with $URL and $TOKEN. Pure. */
export function curlTwin(method: string, json: string): string {
  return (
    `curl -sS "$URL/${method}" -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' ` +
    `-d ${shellQuoted(json)}`
  );
}

/** Shell lines that make a file with exactly these bytes. Pure. */
export function fileLines(name: string, bytes: Uint8Array): string[] {
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return [`base64 -d > ${shellQuoted(name)} <<'END'`, ...(base64.match(/.{1,100}/gu) ?? []), "END"];
}
