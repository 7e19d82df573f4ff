// What passes between this process and the worker that renders templates.

/** Values that templates use: plain data. */
export type TemplateData =
  | string
  | number
  | boolean
  | readonly TemplateData[]
  | { readonly [name: string]: TemplateData };

/** What kind of text a template gives: what is quoted, and what is checked, follows from it. */
export type TemplateKind = "user-data" | "network-config";

/** A template to check, or to render. */
export interface TemplateTask {
  id: number;
  template: string;
  kind: TemplateKind;
  data: TemplateData;
  /** Names of values that a request may set. Present: every variable must be known beforehand. */
  declared?: readonly string[];
}

/** The answer to a task. `busy`: nothing is wrong with the template, and trying again later helps. */
export type TemplateAnswer = { id: number } & (
  | { text: string }
  | { problem: string; undefinedVariable: boolean; busy?: true }
);

/** The id of the worker's first message, which answers no task. */
export const readyId = 0;
