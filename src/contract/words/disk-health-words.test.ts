import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BlockDeviceSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { diskHealthWords } from "./disk-health-words.ts";

test.each<[string, MessageInitShape<typeof BlockDeviceSchema>, string]>([
  ["says nothing", {}, "-"],
  ["is well", { temperatureCelsius: 30, mediaErrors: 0n }, "ok, 30 °C"],
  [
    "has damaged sectors",
    {
      mediaErrors: 0n,
      smartAttribute: [
        { number: 5, value: 98, limit: 10, raw: 12n },
        { number: 197, value: 100, raw: 8n },
      ],
    },
    "damaged, 12 reallocated sectors (mark 98, limit 10), 8 pending sectors (mark 100, no limit)",
  ],
  [
    "is at a limit, whatever it says of itself",
    { smartAttribute: [{ number: 1, name: "Raw_Read_Error_Rate", value: 5, limit: 6, raw: 1n, failing: true }] },
    "failing, 1 Raw Read Error Rate (1) (mark 5, limit 6)",
  ],
  [
    "is worn",
    {
      usageRatio: 0.97,
      availableSpareRatio: 0.5,
      availableSpareLimitRatio: 0.1,
      smartAttribute: [{ number: 177, value: 3, limit: 5 }],
    },
    "ok, 97 % worn (limit 95 %), 50 % spare (limit 10 %)",
  ],
])("H12: a disk that %s", (_what, disk, text) => {
  expect(diskHealthWords(create(BlockDeviceSchema, disk))).toBe(text);
});
