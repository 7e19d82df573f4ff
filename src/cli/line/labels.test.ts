import { expect, test } from "vitest";
import { parseLabels } from "./labels.ts";

test("labels are read", () => {
  expect(parseLabels(["rack=b 12", "role=", "expression=a=b"])).toEqual({ rack: "b 12", role: "", expression: "a=b" });
  expect(parseLabels(["a=1", "a=1"])).toEqual({ a: "1" });
  expect(parseLabels(["__proto__=x"])).not.toEqual({});
});

test.each([[["rack"]], [["=x"]], [[""]], [["a=1", "a=2"]]])("%j is refused", (texts) => {
  expect(() => parseLabels(texts)).toThrow(/--label/u);
});
