const byteOrderMark = "\uFEFF";

/** Why cloud-init may ignore or misread user data; undefined if nothing is wrong. Pure. */
export function userDataDoubt(userData: Uint8Array): string | undefined {
  const bytes = Buffer.from(userData);
  // cloud-init unpacks gzip.
  if (bytes.length === 0 || bytes.subarray(0, 2).equals(Buffer.from("1f8b", "hex"))) {
    return undefined;
  }
  const first = "expected a first line such as #cloud-config or #!/bin/sh";
  if (/^(?:fffe|feff)/u.test(bytes.toString("hex", 0, 2)) || bytes.subarray(0, 64).includes(0)) {
    return `the user data is in UTF-16 or binary, which cloud-init does not read: save it as UTF-8; ${first}`;
  }
  if (bytes.subarray(0, 3).equals(Buffer.from(byteOrderMark))) {
    return "the user data begins with a byte order mark (BOM), so cloud-init does not see its first line: save it without";
  }
  const text = bytes.toString("utf8");
  if (text.startsWith("#") || /^(?:Content-Type|MIME-Version|From|Date|Message-ID):/iu.test(text)) {
    return undefined;
  }
  if (/^[A-Za-z0-9+/\s]+={0,2}$/u.test(text.trim()) && /^(?:#|Content-Type:)/u.test(unbase64(text))) {
    return "the user data is in base64, which cloud-init does not decode here: give the file itself";
  }
  return `the user data begins with ${JSON.stringify(text.slice(0, 40))}, and cloud-init ignores it: ${first}`;
}

function unbase64(text: string): string {
  return Buffer.from(text, "base64").toString("latin1");
}
