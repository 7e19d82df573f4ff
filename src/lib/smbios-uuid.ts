/** Not set, or one of the makers' defaults that whole series share: it tells no board from another. */
const placeholders = new Set([
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "03000200-0400-0500-0006-000700080009",
]);

/** A board's UUID in lower case (SMBIOS 3.7, 7.2.1); undefined for what is none, or says nothing. */
export function smbiosUuidParse(text: string): string | undefined {
  const uuid = text.toLowerCase();
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(uuid) && !placeholders.has(uuid) ? uuid : undefined;
}
