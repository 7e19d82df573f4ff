// Lists of digests as `sha256sum` writes them, also with --tag, and as BSD's `sha256` does.

/** A line's file and digest. */
interface Listed {
  name: string;
  hex: string;
}

/** The digest of a file in a list; a problem if the list has none, or several that differ. */
export type DigestFound = { digest: string } | { problem: string };

const shownMost = 5;

/** Maximum bytes of a list. */
export const digestListMost = 1 << 20;

/** Looks up a file by its exact name. Pure. @returns digest: sha256:HEX */
export function digestOfList(text: string, name: string): DigestFound {
  const lines = text.split(/\r?\n/u).flatMap((line) => listed(line) ?? []);
  const digests = [...new Set(lines.filter((line) => line.name === name).map(({ hex }) => hex))];
  const [digest] = digests;
  if (digest === undefined) {
    const names = [...new Set(lines.map((line) => line.name))];
    const more = names.length > shownMost ? ` and ${names.length - shownMost} more` : "";
    const there = names.length === 0 ? "no SHA-256 at all" : `those of ${names.slice(0, shownMost).join(", ")}${more}`;
    return { problem: `the list of digests has no SHA-256 of "${name}"; it has ${there}` };
  }
  return digests.length > 1
    ? { problem: `the list of digests has ${digests.length} SHA-256 of "${name}" that differ` }
    : { digest: `sha256:${digest}` };
}

/** The name by which a list has the file of a URL; undefined if the URL ends with none. Pure. */
export function listedName(url: URL): string | undefined {
  const last = url.pathname.split("/").at(-1) ?? "";
  try {
    const name = decodeURIComponent(last);
    return name === "" || name.includes("/") ? undefined : name;
  } catch {
    // A percent sign that is no escape.
    return last;
  }
}

/** Undefined for lines of other kinds: comments, other algorithms, a signature around the list. */
function listed(line: string): Listed | undefined {
  // A name with a backslash or a line break in it is escaped, and the line begins with a backslash.
  const escaped = line.startsWith("\\");
  const groups =
    /^\\?(?:(?<gnu>[0-9a-f]{64}) [ *](?<gnuName>.+)|SHA256 \((?<bsdName>.+)\) ?= ?(?<bsd>[0-9a-f]{64}) *)$/iu.exec(
      line,
    )?.groups;
  const { gnu, bsd, gnuName, bsdName } = groups ?? {};
  const hex = gnu ?? bsd;
  const name = gnuName ?? bsdName;
  return hex === undefined || name === undefined
    ? undefined
    : { name: escaped ? unescaped(name) : name, hex: hex.toLowerCase() };
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", "\\": "\\" };

function unescaped(name: string): string {
  return name.replaceAll(/\\(?<sign>[nr\\])/gu, (_, sign: string) => escapes[sign] ?? sign);
}
