import { afterAll, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { templateDo } from "./template-do.ts";
import { templateRenderer } from "./template-renderer.ts";
import type { TemplateData, TemplateKind } from "./template-words.ts";

const machine: TemplateData = {
  id: "7f9c1a52-3d0e-4c8b-9a41-000000000001",
  name: "web1",
  labels: { rack: "b12" },
  hardware: { disks: [{ name: "sda", sizeBytes: 500 }], nics: [{ mac: "52:54:00:00:00:01" }] },
};
const data = (more: Record<string, TemplateData> = {}): TemplateData => ({ machine, values: {}, ...more });
const config = "#cloud-config\n";
const done = (template: string, of: TemplateData = data(), kind: TemplateKind = "user-data", declared?: string[]) =>
  templateDo({ id: 1, template, kind, data: of, ...(declared === undefined ? {} : { declared }) });
const textOf = (answer: ReturnType<typeof done>): string =>
  "text" in answer ? answer.text : `problem: ${answer.problem}`;

test("a template with values, conditions and loops", () => {
  const template = `${config}hostname: {{ machine.name | yaml }}
{% if machine.labels.rack == "b12" %}ntp: {enabled: true}
{% endif %}nics:
{% for nic in machine.hardware.nics %}  - {{ nic.mac | yaml }}
{% endfor %}size: {{ machine.hardware.disks[0].sizeBytes | yaml }}
all: {{ machine.hardware.disks | yaml }}
`;
  expect(parseDocument(textOf(done(template, data(), "user-data", []))).toJS()).toEqual({
    hostname: "web1",
    ntp: { enabled: true },
    nics: ["52:54:00:00:00:01"],
    size: 500,
    all: [{ name: "sda", sizeBytes: 500 }],
  });
});

test("what has no values is left as it is: scripts too", () => {
  expect(textOf(done("#!/bin/sh\necho $((1 + 1))\n"))).toBe("#!/bin/sh\necho $((1 + 1))\n");
  expect(textOf(done("{% raw %}{{ not ours }}{% endraw %}"))).toBe("{{ not ours }}");
});

describe("refused at apply", () => {
  test.each<[string, string, RegExp]>([
    ["no end", `${config}a: {{ machine.name | yaml`, /output "\{\{.*not closed/u],
    ["an unknown tag", `${config}{% frobnicate %}`, /tag "frobnicate" not found/u],
    ["include", `${config}{% include "/etc/passwd" %}`, /tag "include" not found/u],
    ["render", `${config}{% render "/etc/passwd" %}`, /tag "render" not found/u],
    ["layout", `${config}{% layout "/etc/passwd" %}`, /tag "layout" not found/u],
    ["echo", `${config}{% echo machine.name %}`, /tag "echo" not found/u],
    ["liquid", `${config}{% liquid\necho machine.name\n%}`, /tag "liquid" not found/u],
    ["an unknown filter", `${config}a: {{ machine.name | frobnicate | yaml }}`, /undefined filter: frobnicate/u],
    ["a filter that was taken away", `${config}a: {{ "now" | date: "%Y" | yaml }}`, /undefined filter: date/u],
    [
      "an unquoted value",
      `${config}a: {{ machine.name }}`,
      /\{\{ machine\.name \}\} is not quoted: expected the filter yaml/u,
    ],
    ["an unquoted value in a condition", `${config}{% if true %}a: {{ machine.name }}{% endif %}`, /is not quoted/u],
    [
      "an unquoted value in a loop",
      `${config}{% for x in machine.hardware.nics %}{{ x.mac }}{% endfor %}`,
      /is not quoted/u,
    ],
    ["an unquoted value in a capture", `${config}{% capture x %}{{ machine.name }}{% endcapture %}`, /is not quoted/u],
    ["quoted, and then changed", `${config}a: {{ machine.name | yaml | append: "x" }}`, /is not quoted/u],
    ["a value in a script", "#!/bin/sh\necho {{ machine.name | yaml }}\n", /can only be quoted for YAML/u],
    [
      "a misspelt variable",
      `${config}a: {{ machin.name | yaml }}`,
      /unknown variable machin: expected machine\.… or values\.…/u,
    ],
    [
      "a misspelt field",
      `${config}a: {{ machine.nam | yaml }}`,
      /unknown variable machine\.nam: expected machine\.id, machine\.name/u,
    ],
    [
      "hardware that is not there",
      `${config}a: {{ machine.hardware.gpus | yaml }}`,
      /unknown variable machine\.hardware\.gpus/u,
    ],
    ["an undeclared value", `${config}a: {{ values.role | yaml }}`, /unknown variable values\.role/u],
    [
      "a prototype's property",
      `${config}a: {{ machine.constructor | yaml }}`,
      /unknown variable machine\.constructor/u,
    ],
    ["a value in quotes", `${config}a: "{{ machine.name | yaml }}"`, /not YAML|changes the structure/u],
    ["what is not YAML", `${config}a: [\n`, /what it gives is not YAML/u],
    ["too deep", `${config}a: ${"[".repeat(20_000)}`, /not YAML/u],
  ])("%s", (_what, template, expected) => {
    expect(textOf(done(template, data(), "user-data", []))).toMatch(expected);
  });

  test("an unknown label is an error at the request, never an empty text", () => {
    const template = `${config}a: {{ machine.labels.role | yaml }}\n`;
    expect(done(template, data(), "user-data", [])).toMatchObject({
      problem: expect.stringMatching(/undefined variable: machine\.labels\.role/u),
      undefinedVariable: true,
    });
    expect(textOf(done(`${config}a: {{ machine.labels.toString | yaml }}\n`))).toMatch(/undefined variable/u);
  });
});

describe("no value becomes anything but a value", () => {
  const nasty = [
    'x"\nrun: evil\n#',
    "x'\nrun: evil\n#",
    "', run: evil, y: '",
    '", run: evil, y: "',
    "x: y",
    "*alias",
    "&anchor x",
    "!!python/object:os.system",
    "{a: b}",
    "[a]",
    "# comment",
    "|",
    ">",
    "%TAG",
    "---",
    "...",
    "{{ machine.id }}",
    "{% raw %}",
    "\u2028run: evil",
    "\u0000",
    "\ud800",
    "\u0085run: evil",
    "null",
    "yes",
    "0x10",
    "",
    "Zürich 北京",
  ];
  test.each(nasty)("%j", (value) => {
    const expected = value.toWellFormed();
    for (const template of [
      "a: {{ values.x | yaml }}",
      "{a: {{ values.x | yaml }}}",
      "a:\n  - {{ values.x | yaml }}",
    ]) {
      const text = textOf(done(`${config}${template}\n`, data({ values: { x: value } })));
      const read = parseDocument(text, { version: "1.1" }).toJS() as { a: unknown };
      expect(read.a, text).toEqual(template.includes("- ") ? [expected] : expected);
    }
    // Within quotes of the template's own it is refused, or stays one value.
    for (const template of [
      "{a: '{{ values.x | yaml }}', b: 1}",
      '{a: "{{ values.x | yaml }}", b: 1}',
      "a: pre{{ values.x | yaml }}",
    ]) {
      const answer = done(`${config}${template}\n`, data({ values: { x: value } }));
      if ("text" in answer) {
        const read = parseDocument(answer.text, { version: "1.1" }).toJS() as object;
        expect(Object.keys(read).filter((key) => key !== "a" && key !== "b")).toEqual([]);
      }
    }
  });
});

describe("the thread", () => {
  const renderer = templateRenderer({ time: 1_000 });
  afterAll(() => renderer[Symbol.asyncDispose]());
  const render = (template: string) => renderer.render({ template, kind: "user-data", data: data() });

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
    expect(answers.map((answer) => textOf(answer))).toEqual(
      Array.from({ length: 200 }, (_, n) => `${config}a: ${n}\n`),
    );
  });
});
