import { afterAll, expect, test } from "vitest";
import { templateRenderer } from "./template-renderer.ts";
import type { TemplateAnswer } from "./template-words.ts";

const config = "#cloud-config\n";
const textOf = (answer: TemplateAnswer): string => ("text" in answer ? answer.text : `problem: ${answer.problem}`);
const data = { machine: { name: "web1" }, values: {} };
const renderer = templateRenderer({ time: 1_000 });
afterAll(() => renderer[Symbol.asyncDispose]());
const render = (template: string) => renderer.render({ template, kind: "user-data", data });

test("it renders, and goes on after a template that takes too long or too much", async () => {
  expect(await render(`${config}a: {{ machine.name | yaml }}\n`)).toMatchObject({ text: `${config}a: "web1"\n` });
  const endless = `{% for a in (1..100000) %}{% for b in (1..100000) %}{% for c in (1..100000) %}x{% endfor %}{% endfor %}{% endfor %}`;
  expect(textOf(await render(`${config}${endless}`))).toMatch(/limit exceeded|takes longer than/u);
  const doubling = `{% assign x = "xxxxxxxxxx" %}${"{% assign x = x | append: x %}".repeat(40)}`;
  expect(textOf(await render(`${config}${doubling}`))).toMatch(/memory|limit exceeded|takes longer/u);
  expect(textOf(await render(`${config}${"{% if true %}".repeat(30_000)}`))).toMatch(/^problem: /u);
  expect(await render(`${config}a: {{ machine.name | yaml }}\n`)).toMatchObject({ text: `${config}a: "web1"\n` });
});

test("many at once are each answered", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => render(`${config}a: ${n}\n`)));
  expect(answers.map((answer) => textOf(answer))).toEqual(Array.from({ length: 200 }, (_, n) => `${config}a: ${n}\n`));
});

test("more than may wait are told to try again, and nothing is lost of the others", async () => {
  await using small = templateRenderer({ waiting: 3 });
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => small.render({ template: `${config}a: ${n}\n`, kind: "user-data", data })),
  );
  expect(answers.map((answer) => ("busy" in answer ? "busy" : "text" in answer))).toEqual([
    ...[true, true, true],
    ...["busy", "busy"],
  ]);
  expect(textOf(answers[4] ?? { id: 0, text: "" })).toBe("problem: 3 templates wait to be rendered: try again later");
  const later = await small.render({ template: `${config}a: 6\n`, kind: "user-data", data });
  expect(later).toHaveProperty("text");
});

test("a thread that can't start is no reason to blame the template, or to reject", async () => {
  await using broken = templateRenderer({ script: new URL("file:///nowhere/worker.ts") });
  for (const _ of [1, 2]) {
    expect(await broken.render({ template: config, kind: "user-data", data })).toMatchObject({
      busy: true,
      problem: expect.stringMatching(/can't be rendered now .*try again later/u),
    });
  }
  await using invalid = templateRenderer({ memory: Number.NaN, script: new URL("https://example.org/worker.js") });
  expect(await invalid.render({ template: config, kind: "user-data", data })).toMatchObject({ busy: true });
});
