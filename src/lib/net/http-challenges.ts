// Parses WWW-Authenticate: which credentials a server asks for (RFC 9110, 11.2, 11.3 and 11.6.1). Pure.

/** One way to authenticate. */
export interface Challenge {
  /** In lower case: "bearer", "basic", … */
  scheme: string;
  /** By lower-case name. If a name occurs twice, the first counts. */
  parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(
  `(?<name>${token})[ \\t]*=[ \\t]*(?:"(?<quoted>(?:[^"\\\\]|\\\\.)*)"|(?<plain>(?!=)[^",\\s]*))[ \\t]*(?=,|$)`,
  "yu",
);
// A scheme stands alone, or before its parameters or its one token68.
const scheme = new RegExp(`(?<name>${token})(?=[ \\t]|,|$)[ \\t]*`, "yu");
const token68 = /[0-9A-Za-z._~+/-]+=*[ \t]*(?=,|$)/uy;
const separator = /[ \t,]+/uy;
// Anything else is skipped up to the next comma outside quotes.
const other = /(?:[^",]|"(?:[^"\\]|\\.)*"|")+/uy;

/** The challenges of a field, in order. Join several fields by commas. Malformed ones are left out. */
export function challenges(field: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): Record<string, string | undefined> | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match === null || match[0] === "") {
      return undefined;
    }
    at = pattern.lastIndex;
    return match.groups ?? {};
  };
  take(separator);
  while (at < field.length) {
    const given = take(parameter);
    const current = found.at(-1);
    if (given !== undefined) {
      const name = (given["name"] ?? "").toLowerCase();
      const value = given["quoted"]?.replaceAll(/\\(?<character>.)/gu, "$<character>") ?? given["plain"] ?? "";
      if (current?.parameters.has(name) === false) {
        current.parameters.set(name, value);
      }
    } else {
      const next = take(scheme);
      if (next === undefined) {
        take(other);
      } else {
        found.push({ scheme: (next["name"] ?? "").toLowerCase(), parameters: new Map() });
        if (!startsParameter(field, at)) {
          take(token68);
        }
      }
    }
    take(separator);
  }
  return found;
}

function startsParameter(field: string, at: number): boolean {
  parameter.lastIndex = at;
  return parameter.test(field);
}
