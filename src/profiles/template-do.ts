import { boundedCache } from "./bounded-cache.ts";
import { neutralKnown, type NeutralKnown } from "./neutral-known.ts";
import { plainWords, templateProblem } from "./template-check.ts";
import {
  isUndefinedVariable,
  templateNeutral,
  templateNeutralParse,
  templateParse,
  templateRender,
} from "./template-engine.ts";
import type { TemplateAnswer, TemplateTask } from "./template-words.ts";
import { valuesOnly } from "./values-only.ts";
import { yamlShape } from "./yaml-shape.ts";

/** Maximum characters of what a template gives: what a request may have. */
const textMost = 256 * 1024;

/** A template that was parsed and checked. */
type ParsedTemplate =
  | { problem: string }
  /** `neutral` is absent for a text that is not YAML. */
  | { real: ReturnType<typeof templateParse>; neutral?: ReturnType<typeof templateParse> };

// A rollout renders the same template for each of its machines, and most machines are alike.
const parsedOnes = boundedCache<ParsedTemplate>({ entries: 16, characters: 512 * 1024 });
const neutralOnes = boundedCache<NeutralKnown>({ entries: 64, characters: 1024 * 1024 });

/** Checks and renders a template. Never throws for what is wrong with it. */
export function templateDo(task: TemplateTask): TemplateAnswer {
  const { id, data } = task;
  const wrong = (problem: string, undefinedVariable = false): TemplateAnswer => ({ id, problem, undefinedVariable });
  const parsed = parsedOnes.get(JSON.stringify([task.kind, task.declared ?? null, task.template]), () => parse(task));
  if ("problem" in parsed) {
    return wrong(parsed.problem);
  }
  try {
    // Before its values are looked at: a profile is applied where no machine has them all.
    const neutral = parsed.neutral === undefined ? undefined : templateNeutral(parsed.neutral, data);
    const known = neutral === undefined ? undefined : neutralOnes.get(neutral, () => neutralKnown(neutral));
    if (known?.misplaced !== undefined) {
      return wrong(known.misplaced);
    }
    const rendered = templateRender(parsed.real, data);
    const unfit = textProblem(rendered, known);
    return unfit === undefined ? { id, text: rendered.text } : wrong(unfit);
  } catch (error) {
    return wrong(plainWords(error), isUndefinedVariable(error));
  }
}

function parse({ template, kind, declared }: TemplateTask): ParsedTemplate {
  const problem = templateProblem(template, kind, declared);
  if (problem !== undefined) {
    return { problem };
  }
  const isYaml = kind === "network-config" || template.startsWith("#cloud-config");
  return { real: templateParse(template), ...(isYaml ? { neutral: templateNeutralParse(template) } : {}) };
}

/** @param known of the text without its values; absent for a text that is not YAML */
function textProblem(
  { text, quoted }: ReturnType<typeof templateRender>,
  known: NeutralKnown | undefined,
): string | undefined {
  if (text.length > textMost) {
    return `it gives ${text.length} characters: expected at most ${textMost}`;
  }
  if (known === undefined || valuesOnly(text, quoted, known)) {
    return undefined;
  }
  const shape = yamlShape(text);
  if (shape.kind === "problem") {
    return `what it gives is not YAML: ${shape.problem}`;
  }
  const expected = known.shape;
  return expected.kind === "problem" || expected.shape !== shape.shape
    ? "a value changes the structure of the YAML around it: take away quotes around {{ … }}, which the filter yaml adds itself"
    : undefined;
}
