import { Liquid, Output, toValueSync, UndefinedVariableError, type Template } from "liquidjs";
import type { TemplateData } from "./template-words.ts";
import { yamlQuoted } from "./yaml-quoted.ts";

/** Bounds of one template: characters, milliseconds, and what liquidjs counts as memory. */
export const templateLimits = { parseLimit: 262_144, renderLimit: 1_000, memoryLimit: 10_000_000 };

/** Tags that a template may use. None reads a file, and none puts out a value past a filter. */
export const templateTags = [
  "assign",
  "capture",
  "case",
  "comment",
  "for",
  "break",
  "continue",
  "if",
  "unless",
  "raw",
  "#",
];
/** Filters that a template may use; none gives another answer tomorrow. */
export const templateFilters = [
  ...["append", "capitalize", "compact", "concat", "default", "divided_by", "downcase", "first", "join", "last", "map"],
  ...["minus", "modulo", "plus", "prepend", "remove", "remove_first", "replace", "replace_first", "reverse", "size"],
  ...["slice", "sort", "split", "strip", "times", "truncate", "uniq", "upcase", "where"],
];

/** The filter that quotes a value for YAML. */
export const quotingFilter = "yaml";

/** @param quoted what {@link quotingFilter} puts in place of a value */
function engine(quoted: (value: unknown) => string, { strictVariables }: { strictVariables: boolean }): Liquid {
  const made = new Liquid({
    ...templateLimits,
    strictVariables,
    strictFilters: true,
    ownPropertyOnly: true,
    cache: false,
    // There is no file to read: every name is unknown, whatever asks for it.
    templates: {},
    relativeReference: false,
    dynamicPartials: false,
  });
  for (const name of Object.keys(made.tags).filter((tag) => !templateTags.includes(tag))) {
    delete made.tags[name];
  }
  for (const name of Object.keys(made.filters).filter((filter) => !templateFilters.includes(filter))) {
    delete made.filters[name];
  }
  made.registerFilter(quotingFilter, quoted);
  return made;
}

/** What {@link quotingFilter} has put into the text that is being rendered, in order: rendering is synchronous. */
let quotedNow: string[] = [];

const real = engine(
  (value) => {
    const quoted = yamlQuoted(value);
    quotedNow.push(quoted);
    return quoted;
  },
  { strictVariables: true },
);
/** With the same text for every value: what a template's structure is without its values, and where they stand. */
const neutral = engine((value) => yamlQuoted(neutralised(value)), { strictVariables: false });

/** What stands in place of each value; no template has it by chance. */
export const valueMarker = "farrier-value-7c1f0d5a";

/** The same lists and mappings with {@link valueMarker} for every value. */
function neutralised(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => neutralised(item));
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.values(value).map((item, at) => [`k${at}`, neutralised(item)]))
    : valueMarker;
}

/** A parsed template. @throws {Error} with liquidjs' message, which names the line */
export function templateParse(text: string): Template[] {
  return real.parse(text);
}

/** The text with its values, and what {@link quotingFilter} made of each, in order. @throws {Error} as liquidjs does */
export function templateRender(templates: Template[], data: TemplateData): { text: string; quoted: string[] } {
  quotedNow = [];
  const text = String(real.renderSync(templates, data as object));
  return { text, quoted: quotedNow };
}

/** The same template parsed for {@link templateNeutral}. @throws {Error} with liquidjs' message */
export function templateNeutralParse(text: string): Template[] {
  return neutral.parse(text);
}

/**
 * The text with {@link valueMarker} in place of each value, also of those that the data lacks.
 * @throws {Error} as liquidjs does
 */
export function templateNeutral(templates: Template[], data: TemplateData): string {
  return String(neutral.renderSync(templates, data as object));
}

/** Whether an error means that a variable is not there. */
export function isUndefinedVariable(error: unknown): boolean {
  return (
    error instanceof UndefinedVariableError || (error instanceof Error && /undefined variable/u.test(error.message))
  );
}

/** The outputs of a template (`{{ … }}`), those in its tags too. */
export function templateOutputs(templates: readonly Template[]): Output[] {
  return templates.flatMap((template) => [
    ...(template instanceof Output ? [template] : []),
    ...(template.children === undefined ? [] : templateOutputs(toValueSync(template.children(false, true)))),
  ]);
}

/** The variables that a template does not make itself, as paths: `["machine", "labels", "rack"]`. */
export function templateVariables(templates: Template[]): unknown[][] {
  return real.globalVariableSegmentsSync(templates);
}
