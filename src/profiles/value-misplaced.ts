import { isMap, isScalar, isSeq, parseAllDocuments, Scalar, type Node } from "yaml";
import { valueMarker } from "./template-engine.ts";

/** Keys of cloud-config whose texts are run by a shell; their lists are not. */
const shellKeys = new Set(["runcmd", "bootcmd"]);
const shell = /(?:^|\/)(?:(?:ba|da|a|k|z)?sh|busybox|env|eval)$/u;

/**
 * Why a value may not stand where it stands; undefined if all stand where they are nothing but values: each a whole text of
 * its own, in the double quotes that the filter writes, and none run by a shell. Pure.
 * @param text YAML with {@link valueMarker} in place of each value; nothing is said of what is not YAML
 */
export function valueMisplaced(text: string): string | undefined {
  let problem: string | undefined;
  const look = (node: Node | null, commands: boolean): void => {
    if (problem !== undefined || node === null) {
      return;
    }
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        look(key as Node, false);
        look(value as Node | null, isScalar(key) && shellKeys.has(String(key.value)));
      }
    } else if (isSeq(node)) {
      for (const item of node.items as Node[]) {
        problem ??= commands ? commandProblem(item) : undefined;
        look(item, false);
      }
    } else if (isScalar(node)) {
      problem ??= textProblem(node) ?? (commands ? commandProblem(node) : undefined);
    }
  };
  for (const { contents, errors } of parseAllDocuments(text, { version: "1.1" })) {
    if (errors.length === 0) {
      look(contents, false);
    }
  }
  return problem;
}

function textProblem({ value, type }: Scalar): string | undefined {
  if (typeof value !== "string" || !value.includes(valueMarker)) {
    return undefined;
  }
  return value === valueMarker && type === Scalar.QUOTE_DOUBLE
    ? undefined
    : "a value stands within a text, where a program that reads the text may take it for something else: expected {{ … }} " +
        'alone, as in a: {{ machine.name | yaml }}. A longer text is made before it is quoted: {{ machine.name | append: ".example.org" | yaml }}';
}

/** What is wrong with an item of `runcmd` or `bootcmd`. */
function commandProblem(item: Node): string | undefined {
  if (isScalar(item)) {
    return String(item.value).includes(valueMarker)
      ? "a value is a command that a shell runs: expected a list of a program and its arguments, as in " +
          "- [hostnamectl, set-hostname, {{ machine.name | yaml }}]"
      : undefined;
  }
  if (!isSeq(item)) {
    return undefined;
  }
  const words = item.items.map((word) => (isScalar(word) ? String(word.value) : ""));
  const script = words.findIndex((word) => /^-[a-z]*c$/u.test(word)) + 1;
  return words[0]?.includes(valueMarker) === true
    ? "a value is the program of a command: expected the program's name, and values after it"
    : shell.test(words[0] ?? "") && script > 0 && words[script]?.includes(valueMarker) === true
      ? "a value is a script that a shell runs: expected values after it, as in - [sh, -c, 'echo \"$1\"', sh, {{ machine.name | yaml }}]"
      : undefined;
}
