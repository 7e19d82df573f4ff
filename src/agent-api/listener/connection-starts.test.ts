import { expect, test } from "vitest";
import { connectionStarts } from "./connection-starts.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("A2: connections start one, two, four and eight a turn while all are calm; a closed one not at all", async () => {
  using starts = connectionStarts({ monotonic: () => 0 });
  const started: number[] = [];
  const leave = Array.from({ length: 20 }, (_, index) => starts.enter({ bytesRead: 1_000 }, () => started.push(index)));
  expect(started).toEqual([]);
  leave[2]?.();
  const counts: number[] = [];
  for (let turns = 0; turns < 6; turns += 1) {
    await turn();
    counts.push(started.length);
  }
  expect(counts).toEqual([1, 3, 7, 15, 19, 19]);
  expect(started).not.toContain(2);
});

test("A2: after a connection that sends much, and for five seconds after a flood, they start one by one", async () => {
  let now = 0;
  using starts = connectionStarts({ monotonic: () => now });
  const started: number[] = [];
  const connections = Array.from({ length: 30 }, () => ({ bytesRead: 0 }));
  connections.forEach((connection, index) => starts.enter(connection, () => started.push(index)));
  for (const connection of connections.slice(0, 2)) {
    connection.bytesRead = 512 << 10;
  }
  const counts: number[] = [];
  const turns = async (count: number): Promise<void> => {
    for (let passed = 0; passed < count; passed += 1) {
      await turn();
      counts.push(started.length);
    }
  };
  await turns(4);
  expect(counts).toEqual([1, 2, 3, 5]);
  starts.flooded();
  await turns(2);
  expect(counts.slice(-2)).toEqual([6, 7]);
  now = 5_000;
  await turns(2);
  expect(counts.slice(-2)).toEqual([9, 13]);
});
