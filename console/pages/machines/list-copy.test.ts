import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test, vi } from "vitest";
import { MachineSchema, MachineState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { listView } from "./list-address.ts";
import { listCliRefusal, listPrepare, machinesCsv } from "./list-copy.ts";

// The list's own calls are not made here.
vi.mock("./list-query.ts", () => ({ listRequest: ({ filter }: ReturnType<typeof listView>) => ({ ...filter }) }));

test("the list as a line of the command line, with its filter and order", () => {
  const view = listView(
    new URLSearchParams(
      "state=agent-lost&label=rack=b 12&provider=lab&search=web&location=hall 1&overdue=yes&order=-since",
    ),
  );
  expect(listPrepare(view).cli).toBe(
    "farrier machine list --state agent-lost --label 'rack=b 12' --provider lab --search web --location 'hall 1' --overdue --sort since --descending",
  );
  expect(listCliRefusal(view)).toBeUndefined();
  expect(listCliRefusal(listView(new URLSearchParams("name=web")))).toMatch(/name/u);
});

test("rows as CSV: quoted where needed, times in UTC, and nothing that a spreadsheet would run", () => {
  const csv = machinesCsv([
    create(MachineSchema, {
      id: "one",
      name: "web1",
      labels: { rack: 'b"12', note: "=HYPERLINK(1),2" },
      standing: { state: MachineState.READY, since: timestampFromDate(new Date("2026-01-02T03:04:05Z")) },
      provided: { provider: "lab", location: "@here" },
    }),
  ]);
  expect(csv.split("\r\n")).toEqual([
    "name,id,state,since,labels,provider,location,agent_heard,installed_generation,installed_digest,known_since",
    `web1,one,ready,2026-01-02T03:04:05.000Z,"rack=b""12 note==HYPERLINK(1),2",lab,'@here,,,,`,
    "",
  ]);
});
