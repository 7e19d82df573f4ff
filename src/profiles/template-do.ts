import { plainWords, templateProblem } from "./template-check.ts";
import { isUndefinedVariable, templateRender } from "./template-engine.ts";
import type { TemplateAnswer, TemplateTask } from "./template-words.ts";
import { yamlShape } from "./yaml-shape.ts";

/** Maximum characters of what a template gives: what a request may have. */
const textMost = 256 * 1024;

/** Checks and renders a template. Never throws for what is wrong with it. */
export function templateDo({ id, template, kind, data, declared }: TemplateTask): TemplateAnswer {
  const wrong = (problem: string, undefinedVariable = false): TemplateAnswer => ({ id, problem, undefinedVariable });
  const problem = templateProblem(template, kind, declared);
  if (problem !== undefined) {
    return wrong(problem);
  }
  let rendered: { text: string; neutral: string };
  try {
    rendered = templateRender(template, data);
  } catch (error) {
    return wrong(plainWords(error), isUndefinedVariable(error));
  }
  if (rendered.text.length > textMost) {
    return wrong(`it gives ${rendered.text.length} characters: expected at most ${textMost}`);
  }
  if (kind === "user-data" && !rendered.text.startsWith("#cloud-config")) {
    return { id, text: rendered.text };
  }
  const shape = yamlShape(rendered.text);
  if (shape.kind === "problem") {
    return wrong(`what it gives is not YAML: ${shape.problem}`);
  }
  const expected = yamlShape(rendered.neutral);
  if (expected.kind === "problem" || expected.shape !== shape.shape) {
    return wrong(
      "a value changes the structure of the YAML around it: take away quotes around {{ … }}, which the filter yaml adds itself",
    );
  }
  return { id, text: rendered.text };
}
