import type { Template } from "liquidjs";
import {
  quotingFilter,
  templateFilters,
  templateLimits,
  templateOutputs,
  templateParse,
  templateTags,
  templateVariables,
} from "./template-engine.ts";
import type { TemplateKind } from "./template-words.ts";

/** What a template may ask of a machine; true = any name may follow. */
const machineFields: Readonly<Record<string, true | readonly string[]>> = {
  id: [],
  name: [],
  labels: true,
  provider: [],
  location: [],
  hardware: ["disks", "nics"],
};

/**
 * Why a template can't be used, whatever the machine: it does not parse, uses an unknown variable, or puts a value out
 * without quoting it. undefined if nothing is wrong. Pure.
 * @param declared names of the profile's values; absent = variables are not looked at
 */
export function templateProblem(
  text: string,
  kind: TemplateKind,
  declared: readonly string[] | undefined,
): string | undefined {
  let templates: Template[];
  try {
    templates = templateParse(text);
  } catch (error) {
    return plainWords(error);
  }
  const outputs = templateOutputs(templates);
  if (kind === "user-data" && outputs.length > 0 && !/^#cloud-config[ \t]*\r?\n/u.test(text)) {
    return (
      "values ({{ … }}) can only be quoted for YAML: expected user data with the first line #cloud-config. Give a value to a " +
      "program as one item of a list in its runcmd, as in - [hostnamectl, set-hostname, {{ machine.name | yaml }}]"
    );
  }
  for (const output of outputs) {
    const last = output.value.filters.at(-1)?.name;
    if (last !== quotingFilter) {
      const shown = output.token.getText().slice(0, 100);
      return `${shown} is not quoted: expected the filter ${quotingFilter} at its end, as in {{ machine.name | ${quotingFilter} }}`;
    }
  }
  return declared === undefined ? undefined : variableProblem(templateVariables(templates), declared);
}

function variableProblem(variables: readonly unknown[][], declared: readonly string[]): string | undefined {
  for (const [root, field, next] of variables) {
    if (root === "machine") {
      const below = typeof field === "string" && Object.hasOwn(machineFields, field) ? machineFields[field] : undefined;
      if (below === undefined) {
        return `unknown variable machine${suffix(field)}: expected machine.${Object.keys(machineFields).join(", machine.")}`;
      }
      if (below !== true && next !== undefined && !(typeof next === "string" && below.includes(next))) {
        const expected = below.length === 0 ? "nothing after it" : `.${below.join(" or .")}`;
        return `unknown variable machine.${String(field)}${suffix(next)}: expected ${expected}`;
      }
    } else if (root === "values") {
      if (typeof field !== "string" || !declared.includes(field)) {
        return `unknown variable values${suffix(field)}: expected ${
          declared.length === 0
            ? "a name that the profile's values declare, and it declares none"
            : `values.${declared.join(", values.")}`
        }`;
      }
    } else {
      return `unknown variable ${String(root)}: expected machine.… or values.…`;
    }
  }
  return undefined;
}

function suffix(segment: unknown): string {
  return segment === undefined
    ? ""
    : typeof segment === "string"
      ? `.${segment}`
      : `[${JSON.stringify(segment) ?? ""}]`;
}

/** liquidjs' message without its own context lines, with what was expected. Pure. */
export function plainWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = ""] = text.split("\n", 1);
  const [, expected] = hints.find(([said]) => said.test(line)) ?? [];
  return expected === undefined ? line.slice(0, 300) : `${line.slice(0, 300)}: expected ${expected}`;
}

/** What was expected, by liquidjs' message. */
const hints: readonly (readonly [said: RegExp, expected: string])[] = [
  [/^tag ".*" not found/u, `one of ${templateTags.join(", ")}`],
  [/^undefined filter/u, `one of ${quotingFilter}, ${templateFilters.join(", ")}`],
  [/^memory alloc limit/u, `a template that makes less than ${templateLimits.memoryLimit / 1e6} million characters`],
  [/^template render limit/u, `a template that is made within ${templateLimits.renderLimit / 1000} s`],
  [/^parse length limit/u, `at most ${templateLimits.parseLimit / 1024} KiB`],
];
