import fc from "fast-check";
import { expect, test } from "vitest";
import { challenges } from "./http-challenges.ts";

const bearer = { scheme: "bearer", parameters: { realm: "https://a/t", service: "r" } };
const basic = { scheme: "basic", parameters: { realm: "r" } };
const shown = (field: string): unknown[] =>
  challenges(field).map(({ scheme, parameters }) => ({ scheme, parameters: Object.fromEntries(parameters) }));

test.each<[string, unknown[]]>([
  ['Bearer realm="https://a/t",service="r"', [bearer]],
  ['Basic realm="r", Bearer realm="https://a/t", service="r"', [basic, bearer]],
  ['Bearer realm="https://a/t",service="r",Basic realm=r', [bearer, basic]],
  ['BEARER Service = "r" ,\tREALM="https://a/t" , basic realm="r"', [bearer, basic]],
  ['Negotiate, Bearer realm="https://a/t",service="r"', [{ scheme: "negotiate", parameters: {} }, bearer]],
  ['Negotiate a87421000492aa874209af8bc028==, Basic realm="r"', [{ scheme: "negotiate", parameters: {} }, basic]],
  [
    'Newauth realm="apps, Bearer realm=\\"evil\\"", type=1, title="Login to \\"apps\\"", Basic realm="r"',
    [
      {
        scheme: "newauth",
        parameters: { realm: 'apps, Bearer realm="evil"', type: "1", title: 'Login to "apps"' },
      },
      basic,
    ],
  ],
  [
    'Bearer realm="/t",scope="repository:a/b:pull,push"',
    [{ scheme: "bearer", parameters: { realm: "/t", scope: "repository:a/b:pull,push" } }],
  ],
  [", ,Basic realm=r,,", [basic]],
  ['Basic realm="r", realm="second"', [basic]],
  ['"nothing", Basic realm="r"', [basic]],
  ['Basic realm="open', [{ scheme: "basic", parameters: {} }]],
  ["Bearer", [{ scheme: "bearer", parameters: {} }]],
  ["", []],
])("I9: %s", (field, expected) => {
  expect(shown(field)).toEqual(expected);
});

test("I9: whatever is sent is read to its end", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[abB=", \\\t/;~é]{0,60}$/u), (field) => challenges(field).length <= field.length),
  );
});
