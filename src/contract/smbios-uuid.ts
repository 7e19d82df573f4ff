/** Default UUIDs that whole series share, in both byte orders: they identify no board. */
const placeholders = new Set([
  "03000200-0400-0500-0006-000700080009",
  "00020003-0004-0005-0006-000700080009",
  "12345678-1234-5678-90ab-cddeefaabbcc",
  "78563412-3412-7856-90ab-cddeefaabbcc",
  // A Dell with a blank service tag.
  "4c4c4544-0020-2010-8020-a0c04f202020",
  "44454c4c-2000-1020-8020-a0c04f202020",
  // A sequence of digits.
  "01234567-89ab-cdef-0123-456789abcdef",
  "67452301-ab89-efcd-0123-456789abcdef",
]);

/** A board's UUID in lower case (SMBIOS 3.7, 7.2.1); undefined if it is not one, is not set, or is a default. */
export function smbiosUuidParse(text: string): string | undefined {
  const uuid = text.toLowerCase();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(uuid) && !isRepeated(uuid) && !placeholders.has(uuid)
    ? uuid
    : undefined;
}

/** All sixteen bytes are equal: zeros, ones, or a typed repetition. */
function isRepeated(uuid: string): boolean {
  return /^(?<byte>[0-9a-f]{2})\k<byte>{15}$/u.test(uuid.replaceAll("-", ""));
}
