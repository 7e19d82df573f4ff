import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { operatorAddressWrite } from "../../operator-api/caller/operator-files.ts";
import { inventoryGuard, netbootAddressWrite, operatorsOf, ownPorts } from "./own-ports.ts";

test("PostgreSQL, network boot and the operator API of this host are among its own ports", async () => {
  const folder = await mkdtemp(join(tmpdir(), "farrier-own-ports-"));
  try {
    const database = { host: "127.0.0.1", port: 5444, user: "farrier", database: "farrier" };
    expect(await ownPorts(folder, database)).toEqual([5444, 8081]);
    expect((await inventoryGuard(folder, database))("127.0.0.1", 9000)).toContain("loopback");
    expect(await operatorsOf(folder)).toBeUndefined();
    await netbootAddressWrite(folder, { host: "10.0.0.1", port: 9081 });
    await operatorAddressWrite(folder, "https://[::1]:8444");
    const url = { hosts: [database, { host: "db2", port: 5445 }], ssl: false, channelBinding: false } as const;
    expect(await ownPorts(folder, url)).toEqual([5444, 5445, 8081, 9081, 8444]);
    expect(await operatorsOf(folder)).toEqual({ host: "::1", port: 8444 });
    const guard = await inventoryGuard(folder, database);
    expect([9000, 5444, 9081, 8444].map((port) => guard("127.0.0.1", port)?.slice(0, 9))).toEqual([
      undefined,
      ...["port 5444", "port 9081", "port 8444"],
    ]);
    expect(guard("10.1.2.3", 8444)).toBeUndefined();
    const elsewhere = await inventoryGuard(folder, database, [{ host: "0.0.0.0", port: 8443 }]);
    expect(elsewhere("127.0.0.1", 9000)).toContain("loopback");
    await writeFile(join(folder, "netboot-address"), "what is this");
    expect(await ownPorts(folder, database)).toEqual([5444, 8081, 8081, 8444]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
