import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { templateDo } from "./template-do.ts";
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
    ["an unknown tag", `${config}{% frobnicate %}`, /tag "frobnicate" not found.*: expected one of assign, /u],
    ["include", `${config}{% include "/etc/passwd" %}`, /tag "include" not found/u],
    ["render", `${config}{% render "/etc/passwd" %}`, /tag "render" not found/u],
    ["layout", `${config}{% layout "/etc/passwd" %}`, /tag "layout" not found/u],
    ["echo", `${config}{% echo machine.name %}`, /tag "echo" not found/u],
    ["liquid", `${config}{% liquid\necho machine.name\n%}`, /tag "liquid" not found/u],
    ["an unknown filter", `${config}a: {{ machine.name | frobnicate | yaml }}`, /undefined filter: frobnicate/u],
    [
      "a filter that was taken away",
      `${config}a: {{ "now" | date: "%Y" | yaml }}`,
      /undefined filter: date.*: expected one of yaml, append, /u,
    ],
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
    "$(reboot)",
    "`reboot`",
    "x; reboot",
    "x && reboot",
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
    // Within a text or quotes of the template's own it is refused, whatever the value.
    for (const template of [
      "{a: '{{ values.x | yaml }}', b: 1}",
      '{a: "{{ values.x | yaml }}", b: 1}',
      "a: pre{{ values.x | yaml }}",
    ]) {
      const answer = done(`${config}${template}\n`, data({ values: { x: value } }));
      expect(answer, template).toHaveProperty("problem");
    }
  });
});

describe("a value is never run, nor part of a text that something else reads", () => {
  const shown = (value: string) => data({ values: { x: value } });

  test("in a list of runcmd it is one argument, and its dollar and brackets are escaped", () => {
    const template = `${config}runcmd:\n  - [hostnamectl, set-hostname, {{ values.x | yaml }}]\n`;
    const text = textOf(done(template, shown("$(reboot)")));
    expect(text).toContain(String.raw`"\u0024\u0028reboot\u0029"`);
    expect(parseDocument(text).toJS()).toEqual({ runcmd: [["hostnamectl", "set-hostname", "$(reboot)"]] });
    expect(
      textOf(done(`${config}runcmd:\n  - [sh, -c, 'echo "$1"', sh, {{ values.x | yaml }}]\n`, shown("x"))),
    ).toContain("$1");
    expect(textOf(done(`${config}content: {{ "name=" | append: values.x | yaml }}\n`, shown("x")))).toContain(
      '"name=x"',
    );
    expect(textOf(done(`${config}a: 1 # {{ values.x | yaml }}\n`, shown("x\nb: 2")))).not.toContain("\nb");
  });

  test.each([
    ["a plain text", "a: echo {{ values.x | yaml }}", /stands within a text.*append/u],
    ["a plain command", "runcmd:\n  - echo {{ values.x | yaml }}", /a command that a shell runs/u],
    ["single quotes", "a: 'x {{ values.x | yaml }}'", /stands within a text/u],
    ["single quotes around it", "a: '{{ values.x | yaml }}'", /stands within a text/u],
    ["a block", "write_files:\n  - content: |\n      NAME={{ values.x | yaml }}", /stands within a text/u],
    ["a block that is nothing else", "content: |\n  {{ values.x | yaml }}", /stands within a text/u],
    ["a folded block", "content: >\n  {{ values.x | yaml }}", /stands within a text/u],
    ["a key", "a {{ values.x | yaml }}: 1", /stands within a text/u],
    ["a command of the shell", "runcmd:\n  - {{ values.x | yaml }}", /a command that a shell runs: expected a list/u],
    ["all commands", "bootcmd: {{ values.x | yaml }}", /a command that a shell runs/u],
    ["a made command", 'runcmd: [{{ "echo " | append: values.x | yaml }}]', /a command that a shell runs/u],
    ["a script", "runcmd:\n  - [/bin/sh, -c, {{ values.x | yaml }}]", /a script that a shell runs/u],
    ["a script with more options", "runcmd:\n  - [bash, -xec, {{ values.x | yaml }}]", /a script that a shell runs/u],
    ["a program", "runcmd:\n  - [{{ values.x | yaml }}, -l]", /the program of a command/u],
  ])("refused: %s", (_what, template, expected) => {
    expect(textOf(done(`${config}${template}\n`, shown("x")))).toMatch(expected);
    // Also where no machine has the value yet, as when the profile is applied.
    expect(textOf(done(`${config}${template.replaceAll("values.x", "machine.labels.none")}\n`))).toMatch(expected);
  });
});

describe("what is known of a template for one machine holds for the next", () => {
  const template = `${config}a: {{ values.x | yaml }}\nb: [{{ values.y | yaml }}, {{ machine.name | yaml }}]\n`;

  test("the same text comes with and without it, whatever the values are", () => {
    const values: TemplateData[] = ["web1", "Zürich", 5, -1.5, true, 'a"b', "x\ny: 1", "z".repeat(3_000), ["l"], 1e300];
    for (const [index, x] of values.entries()) {
      const y = values.at(-index) ?? "";
      // Another template of the same text is not known.
      const fresh = `${config}# ${index}\n${template.slice(config.length)}`;
      const known = done(template, data({ values: { x, y } }));
      expect(textOf(known).slice(config.length)).toBe(
        textOf(done(fresh, data({ values: { x, y } }))).slice(fresh.indexOf("a: ")),
      );
      expect(parseDocument(textOf(known)).toJS()).toEqual({ a: x, b: [y, "web1"] });
    }
  });

  test.each([
    ["keys", "{{ values.x | yaml }}: 1\n{{ values.y | yaml }}: 2\n"],
    ["an anchor and its alias", "a: &{{ values.x | yaml }} 1\nb: *{{ values.y | yaml }}\n"],
    ["a tag", "a: !!int {{ values.x | yaml }}\nb: {{ values.y | yaml }}\n"],
    ["a comment", "a: 1 # {{ values.x | yaml }}\nb: {{ values.y | yaml }}\n"],
  ])("%s: each pair of values is judged as if it were the first", (_what, text) => {
    const pairs = [
      ["a", "a"],
      ["a", "b"],
      ["5", "x"],
      ["x", "5"],
    ] as const;
    for (const [index, [x, y]] of pairs.entries()) {
      const known = done(config + text, data({ values: { x, y } }));
      const first = done(`${config}# ${index}\n${text}`, data({ values: { x, y } }));
      expect("problem" in known, `${x} ${y}`).toBe("problem" in first);
    }
  });

  test("a condition that changes the text between the values is another text", () => {
    const conditional = `${config}{% if values.x == "b" %}b: {a: 1}\n{% endif %}a: {{ values.x | yaml }}\n`;
    const of = (x: string) => parseDocument(textOf(done(conditional, data({ values: { x } })))).toJS() as unknown;
    expect([of("a"), of("b"), of("a")]).toEqual([{ a: "a" }, { b: { a: 1 }, a: "b" }, { a: "a" }]);
  });
});
