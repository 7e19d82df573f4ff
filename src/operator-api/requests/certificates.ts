import { X509Certificate } from "node:crypto";

/** Characters of all of them together. */
const limit = 256 * 1024;

/** The certificates of a text in PEM, without what stands between them; undefined if it has none, or anything else in PEM. Pure. */
export function certificatesOf(text: string): string | undefined {
  const blocks = text.match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/gu) ?? [];
  if (text.length > limit || blocks.length === 0 || /PRIVATE KEY/u.test(text)) {
    return undefined;
  }
  try {
    return blocks.map((block) => new X509Certificate(block).toString()).join("");
  } catch {
    // Not a certificate.
    return undefined;
  }
}
