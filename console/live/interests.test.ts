import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { MachineFilterSchema } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { interestMost, interests, watchedOf } from "./interests.ts";

const filter = (search: string) => create(MachineFilterSchema, { search });

test("the tab that was last looked at comes first, and gives the filter", () => {
  const all = interests();
  all.set("a", { machines: ["1", "2"], filter: filter("a") }, true);
  all.set("b", { machines: ["2", "3"], filter: filter("b") }, true);
  expect(all.all()).toEqual({ machines: ["2", "3", "1"], filter: filter("b") });
  all.set("a", { machines: ["1"], filter: filter("a2") }, true);
  expect(all.all()).toEqual({ machines: ["1", "2", "3"], filter: filter("a2") });
  all.remove("a");
  expect(all.all()).toEqual({ machines: ["2", "3"], filter: filter("b") });
});

test("a tab that nobody looks at does not push another one back", () => {
  const all = interests();
  all.set("a", { machines: ["1"] }, true);
  all.set("b", { machines: ["2"] }, true);
  all.set("a", { machines: ["3"] }, false);
  expect(all.all()).toEqual({ machines: ["2", "3"], filter: undefined });
});

test("no more ids than a stream takes", () => {
  const all = interests();
  all.set("a", { machines: Array.from({ length: interestMost + 5 }, (_, index) => String(index)) }, true);
  expect(all.all().machines).toHaveLength(interestMost);
});

test("a page that shows no machine asks for none, not for the fleet", () => {
  expect(watchedOf({ machines: [], filter: undefined })).toEqual({
    machines: ["00000000-0000-0000-0000-000000000000"],
  });
  expect(watchedOf({ machines: ["1"], filter: undefined })).toEqual({ machines: ["1"] });
  expect(watchedOf({ machines: [], filter: filter("a") })).toEqual({ machines: [], filter: filter("a") });
});
