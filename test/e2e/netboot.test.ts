// Network boot as processes: `farrier up`, and `farrier netboot` beside it on the same database.
import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { farrierServe, farrierStart } from "../support/farrier-process.ts";
import { waitFor } from "../support/wait.ts";

test(
  "both serve the same, the agents' certificate names the host as QEMU's guests do, and both stop when told to",
  { timeout: 300_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await testDatabase({ leaks: "ignore" }));
    const folder = await mkdtemp(join(tmpdir(), "farrier-netboot-e2e-"));
    stack.defer(async () => await rm(folder, { recursive: true, force: true }));
    const dataDir = join(folder, "data");
    const images = join(dataDir, "boot-image", "x86_64");
    const place = ["--data-dir", dataDir, "--database-url", database.url];

    const up = await farrierServe(["up", ...place, "--agents", "127.0.0.1:0", "--operators", "127.0.0.1:0"]);
    stack.defer(async () => void (up.running && (await up.end("SIGKILL"))));
    const [, upUrl = ""] = /^network boot on (\S+)$/mu.exec(up.stdout) ?? [];
    const certificate = new X509Certificate(await readFile(join(dataDir, "tls", "server.pem")));
    expect(certificate.checkIP("10.0.2.2")).toBe("10.0.2.2");

    const agents = ["--agents", "farrier.lab:8443", "--kernel-arguments", "quiet"];
    const netboot = farrierStart(["netboot", ...place, "--listen", "127.0.0.1:0", ...agents]);
    stack.defer(async () => void (netboot.running && (await netboot.end("SIGKILL"))));
    const [, url = ""] = await waitFor(
      "the line `ready`",
      () => /^ready: network boot on (\S+)$/mu.exec(netboot.stdout) ?? (netboot.running ? undefined : [netboot.stderr]),
      { timeoutMs: 60_000 },
    );

    const get = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
    expect(await get("/boot.ipxe")).toBe(await (await fetch(`${upUrl}/boot.ipxe`)).text());
    expect(await get("/machine.ipxe?arch=x86_64&platform=efi")).toContain("no boot image for x86_64 is here yet");
    await mkdir(images, { recursive: true });
    await writeFile(join(images, "vmlinuz"), "a kernel");
    await writeFile(join(images, "initramfs"), "an initramfs");
    const script = await get("/machine.ipxe?arch=x86_64&platform=efi");
    expect(script).toContain(
      "/boot/x86_64/vmlinuz initrd=config.cpio initrd=initramfs BOOTIF=01-${netX/mac:hexhyp} quiet",
    );
    expect(await get("/boot/x86_64/vmlinuz")).toBe("a kernel");
    const config = await get(/\/config\/\S+/u.exec(script)?.[0] ?? "");
    expect(config).toContain('"endpoint":"farrier.lab:8443"');
    const ca = new X509Certificate(await readFile(join(dataDir, "tls", "ca.pem")));
    expect(config).toContain(`"caCertificate":"${ca.raw.toString("base64")}"`);

    // A host without a boot image has it from the store of `up`.
    const other = farrierStart([
      ...["netboot", ...place, "--listen", "127.0.0.1:0", ...agents, "--boot-images", join(folder, "none")],
      ...["--cache", join(folder, "cache")],
    ]);
    stack.defer(async () => void (other.running && (await other.end("SIGKILL"))));
    const [, otherUrl = ""] = await waitFor(
      "the line `ready`",
      () => /^ready: network boot on (\S+)$/mu.exec(other.stdout) ?? (other.running ? undefined : [other.stderr]),
      { timeoutMs: 60_000 },
    );
    const path = await waitFor(
      "the boot image at a host without one",
      async () => {
        const answer = await fetch(`${otherUrl}/machine.ipxe?arch=x86_64&platform=efi`);
        return /\/boot\/x86_64\/vmlinuz\?digest=[0-9a-f]{64}/u.exec(await answer.text())?.[0];
      },
      { timeoutMs: 60_000 },
    );
    expect(await (await fetch(otherUrl + path)).text()).toBe("a kernel");
    expect((await other.end("SIGTERM")).status).toBe(0);

    expect((await netboot.end("SIGTERM")).status).toBe(0);
    expect((await up.end("SIGTERM")).status).toBe(0);
  },
);

test(
  "what can't be served is said: no database, no CA, arguments that iPXE would take apart",
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "farrier-netboot-e2e-"));
    const ran = (...args: string[]) =>
      farrierStart(["netboot", "--data-dir", folder, ...args], { env: { FARRIER_DATABASE_URL: "" } }).ended;
    const database = ["--database-url", "postgresql://nobody@127.0.0.1:1/none"];
    expect(await ran()).toMatchObject({ status: 2, stderr: expect.stringContaining("no database is named") as string });
    expect(await ran(...database)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`cannot read ${join(folder, "tls", "ca.pem")}`) as string,
    });
    expect(await ran(...database, "--kernel-arguments", "a || shell")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("can't be passed on") as string,
    });
    const dhcp = ["--dhcp-interface", "eno2"];
    for (const [flags, said] of [
      [["--proxy-dhcp"], "need --dhcp-interface"],
      [dhcp, "needs one of --dhcp-range A,B"],
      [[...dhcp, "--proxy-dhcp", "--dhcp-range", "10.0.0.1,10.0.0.2"], "needs one of --dhcp-range A,B"],
      [[...dhcp, "--proxy-dhcp"], "machines on eno2 can't reach --listen 127.0.0.1"],
    ] as const) {
      expect(await ran(...database, ...flags)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(said) as string,
      });
    }
    await rm(folder, { recursive: true });
  },
);
