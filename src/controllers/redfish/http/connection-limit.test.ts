// All connections of a process take places. The controllers are simulated ones, over real connections.
import { expect, test } from "vitest";
import { openConnections } from "../../../../test/support/kernel-connections.ts";
import { ControllerConnections } from "../../controller-connections.ts";
import { simulatedSubject, type SimulatedSubject } from "../../testing/simulated-subject.ts";
import { redfishController } from "../redfish-controller.ts";

const live = new AbortController().signal;
const login = { userName: "admin", password: "simulated", mayReach: () => true };

test("however many controllers are read at once, no more connections are open than there are places", async () => {
  let most = 0;
  const places = new ControllerConnections(3, (open) => {
    most = Math.max(most, open);
  });
  const subjects: SimulatedSubject[] = [];
  let seen = 0;
  let reads = 0;
  for (let index = 0; index < 12; index += 1) {
    const subject = await simulatedSubject();
    const read = subject.machine.powerGet.bind(subject.machine);
    subject.machine.powerGet = () => {
      // The kernel's list can be long: it is looked at now and then.
      reads += 1;
      if (reads % 15 === 0) {
        seen = Math.max(
          seen,
          openConnections(
            "remote",
            subjects.map(({ simulated: { url } }) => Number(new URL(url).port)),
          ),
        );
      }
      return read();
    };
    subjects.push(subject);
  }
  const clients = subjects.map(({ simulated: { url } }) =>
    redfishController({ url, trust: { by: "clear-text" } }, login, { places }),
  );
  const calls = clients.flatMap((client) => [client.powerGet(live), client.health(live), client.powerSet("on", live)]);
  await Promise.all(calls);
  // Idle connections were closed for others that waited.
  expect(subjects.flatMap(({ machine }) => machine.actions)).toEqual(subjects.map(() => "on"));
  expect([most, seen]).toEqual([3, 3]);
  for (const client of clients) {
    await client[Symbol.asyncDispose]();
  }
  expect(subjects.map(({ simulated }) => simulated.sessions.open)).toEqual(subjects.map(() => 0));
  await expect.poll(() => places.open).toBe(0);
  for (const subject of subjects) {
    await subject[Symbol.asyncDispose]();
  }
});

test("a place is given back when nothing listens, and when the address is refused", async () => {
  const places = new ControllerConnections(1);
  await using subject = await simulatedSubject();
  const refused = { ...login, mayReach: () => false };
  const address = { url: subject.simulated.url, trust: { by: "clear-text" } } as const;
  const stranger = redfishController(address, refused, { places });
  await expect(stranger.powerGet(live)).rejects.toMatchObject({ code: "address_refused" });
  const nobody = redfishController({ ...address, url: "http://127.0.0.1:9" }, login, { places });
  await expect(nobody.powerGet(live)).rejects.toMatchObject({ code: "unreachable" });
  await using client = redfishController(address, login, { places });
  expect(await client.powerGet(live)).toBe("off");
});
