import { expect, test } from "vitest";
import { rolloutFilter } from "./rollout-choice.ts";

test.each([
  ["location=hall 1, row 2", { location: "hall 1, row 2" }],
  [
    "provider=lab,location=hall 1, row 2,name=web",
    { providers: ["lab"], location: "hall 1, row 2", namePrefix: "web" },
  ],
  ["search=a=b", { search: "a=b" }],
  ["fleet", { location: "", search: "" }],
])("--all-in %j", (allIn, expected) => {
  expect(rolloutFilter([], allIn)).toMatchObject(expected);
});

test.each(["locaton=hall 1", "provider=lab,stat=ready", "provider=lab,fleet", "name=web,", "everything", ""])(
  "--all-in %j is refused",
  (allIn) => {
    expect(() => rolloutFilter([], allIn)).toThrow(/expected fleet, or conditions/u);
  },
);
