import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { MachineFilterSchema, MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { emptyRolloutForm, rolloutCreatePrepare, rolloutProblems, type RolloutForm } from "./rollout-create-form.ts";

const form = (more: Partial<RolloutForm>): RolloutForm => ({
  ...emptyRolloutForm,
  ...{ profile: "web", machines: "web1, web2\nweb3" },
  ...more,
});
const cli = (more: Partial<RolloutForm>): string => rolloutCreatePrepare(form(more), "R").cli;

test.each<[Partial<RolloutForm>, keyof RolloutForm | undefined]>([
  [{}, undefined],
  [{ profile: "" }, "profile"],
  [{ machines: " , " }, "machines"],
  [{ machines: "", by: "filter" }, undefined],
  [{ by: "filter", filter: create(MachineFilterSchema, { location: "hall 1, row 2" }) }, undefined],
  [{ by: "filter", filter: create(MachineFilterSchema, { location: "hall 1,row=2" }) }, "filter"],
  [{ name: "To night" }, "name"],
  [{ waves: "1 10 rest" }, undefined],
  [{ waves: "1,rest,10" }, "waves"],
  [{ waves: "0" }, "waves"],
  [{ parallel: "1001" }, "parallel"],
  [{ stopAfter: "5%" }, undefined],
  [{ stopAfter: "101%" }, "stopAfter"],
  [{ stopAfter: "all" }, "stopAfter"],
  [{ from: "01:00", to: "05:00", timeZone: "Europe/Berlin" }, undefined],
  [{ from: "01:00", to: "25:00", timeZone: "UTC" }, "to"],
  [{ from: "01:00", to: "05:00" }, "timeZone"],
])("what is wrong with %j: %s", (more, field) => {
  expect(Object.keys(rolloutProblems(form(more)))).toEqual(field === undefined ? [] : [field]);
});

test("the command line's twin has every field", () => {
  expect(cli({})).toBe("farrier rollout create --profile web --machines web1,web2,web3 --request-id R");
  expect(
    cli({
      ...{ name: "tonight", values: { host: "it's" }, waves: "1, 10, rest", parallel: "7", stopAfter: "5%" },
      ...{ from: "01:00", to: "05:00", timeZone: "Europe/Berlin" },
    }),
  ).toBe(
    String.raw`farrier rollout create --profile web --name tonight --set 'host=it'\''s' --machines web1,web2,web3` +
      " --waves 1,10,rest --parallel 7 --stop-after 5% --window 01:00-05:00 --time-zone Europe/Berlin --request-id R",
  );
  expect(cli({ by: "filter" })).toContain("--all-in fleet");
  const filter = create(MachineFilterSchema, {
    ...{ labels: { rack: "b12" }, states: [MachineState.READY], providers: ["lab"], search: "web", location: "b1" },
  });
  expect(cli({ by: "filter", filter, stopAfter: "3" })).toBe(
    "farrier rollout create --profile web --label rack=b12 --all-in state=ready,provider=lab,search=web,location=b1 --stop-after 3 --request-id R",
  );
});
