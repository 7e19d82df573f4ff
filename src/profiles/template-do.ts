import { plainWords, templateProblem } from "./template-check.ts";
import { isUndefinedVariable, templateNeutral, templateRender } from "./template-engine.ts";
import type { TemplateAnswer, TemplateTask } from "./template-words.ts";
import { valueMisplaced } from "./value-misplaced.ts";
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
  const isYaml = kind === "network-config" || template.startsWith("#cloud-config");
  try {
    // Before its values are looked at: a profile is applied where no machine has them all.
    const neutral = isYaml ? templateNeutral(template, data) : undefined;
    const misplaced = neutral === undefined ? undefined : valueMisplaced(neutral);
    if (misplaced !== undefined) {
      return wrong(misplaced);
    }
    const text = templateRender(template, data);
    const unfit = textProblem(text, neutral);
    return unfit === undefined ? { id, text } : wrong(unfit);
  } catch (error) {
    return wrong(plainWords(error), isUndefinedVariable(error));
  }
}

/** @param neutral absent for a text that is not YAML */
function textProblem(text: string, neutral: string | undefined): string | undefined {
  if (text.length > textMost) {
    return `it gives ${text.length} characters: expected at most ${textMost}`;
  }
  if (neutral === undefined) {
    return undefined;
  }
  const shape = yamlShape(text);
  if (shape.kind === "problem") {
    return `what it gives is not YAML: ${shape.problem}`;
  }
  const expected = yamlShape(neutral);
  return expected.kind === "problem" || expected.shape !== shape.shape
    ? "a value changes the structure of the YAML around it: take away quotes around {{ … }}, which the filter yaml adds itself"
    : undefined;
}
