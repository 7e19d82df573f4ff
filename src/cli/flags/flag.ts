import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";

const text = (value: string): string => value;

/** A switch without a negated form. */
export function switchFlag(brief: string): { kind: "boolean"; optional: true; withNegated: false; brief: string } {
  return { kind: "boolean", optional: true, withNegated: false, brief };
}

/** An optional flag. */
export function optionalFlag<T>(
  brief: string,
  placeholder: string,
  parse: (value: string) => T,
): { kind: "parsed"; optional: true; brief: string; placeholder: string; parse: (value: string) => T } {
  return { kind: "parsed", optional: true, brief, placeholder, parse };
}

/** A flag whose value is used as typed. */
export function textFlag(brief: string, placeholder: string): ReturnType<typeof optionalFlag<string>> {
  return optionalFlag(brief, placeholder, text);
}

/** A mandatory flag. */
export function requiredFlag(
  brief: string,
  placeholder: string,
): { kind: "parsed"; brief: string; placeholder: string; parse: (value: string) => string } {
  return { kind: "parsed", brief, placeholder, parse: text };
}

/** A flag that may be repeated. */
export function repeatedFlag(
  brief: string,
  placeholder: string,
  parse: (value: string) => string = text,
): {
  kind: "parsed";
  optional: true;
  variadic: true;
  brief: string;
  placeholder: string;
  parse: (value: string) => string;
} {
  return { kind: "parsed", optional: true, variadic: true, brief, placeholder, parse };
}

export function hostPortFlag(
  brief: string,
  otherwise: string,
): { kind: "parsed"; brief: string; placeholder: string; default: string; parse: (value: string) => HostPort } {
  return { kind: "parsed", brief, placeholder: "HOST:PORT", default: otherwise, parse: parseHostPort };
}
