import { expect, test } from "vitest";
import { acceleratorArguments } from "./accelerator.ts";
import { qemuArguments } from "./command-line.ts";
import { type DiskKind, diskKinds, labMachineMake, labMachineParse } from "./machine.ts";
import { labPrograms } from "./programs.ts";

const shape = {
  firmware: "uefi",
  disk: "virtio",
  disks: 2,
  diskBytes: 1 << 30,
  nics: 2,
  memoryMiB: 1024,
  cpus: 2,
} as const;
const programs = { qemu: "/bin/qemu", ovmf: { code: "/ovmf/code", variables: "/ovmf/variables" } };

function line(
  disk: DiskKind,
  boot?: "network" | "disk" | "medium",
  { netbootUrl = "http://10.0.2.2:8081/boot.ipxe", medium = false } = {},
) {
  const machine = labMachineMake("lab-1", { ...shape, disk });
  const options = { programs, accelerator: "tcg", boot, netbootUrl, medium } as const;
  return { machine, text: qemuArguments(machine, options).join(" ") };
}

test.each([
  ["virtio", /virtio-blk-pci,id=disk0,.* virtio-blk-pci,id=disk1,/u],
  ["nvme", /nvme,id=disk0,.* nvme,id=disk1,/u],
  ["sata", /ide-hd,bus=ide\.0,id=disk0,.* ide-hd,bus=ide\.1,id=disk1,/u],
] as const)("disks: %s, with their serial numbers", (disk, pattern) => {
  const { machine, text } = line(disk);
  expect(text).toMatch(pattern);
  machine.disks.forEach(({ serial }) => expect(text).toContain(`serial=${serial}`));
  machine.nics.forEach(({ mac }) => expect(text).toContain(`mac=${mac}`));
  expect(text).toContain(`-uuid ${machine.uuid}`);
});

test("where to boot from is said of one device, or of none", () => {
  expect(line("virtio").text).not.toContain("bootindex");
  expect(line("virtio", "network").text).toMatch(/virtio-net-pci,id=nic0,[^ ]*bootindex=0/u);
  expect(line("virtio", "disk").text).toMatch(/virtio-blk-pci,id=disk0,[^ ]*bootindex=0/u);
  expect(line("sata", "disk").text.match(/bootindex/gu)).toHaveLength(1);
});

test("Secure Boot has variables that the guest can't change past the firmware", () => {
  const machine = labMachineMake("lab-1", { ...shape, firmware: "uefi-secure", disk: "virtio" });
  const options = {
    programs,
    accelerator: "tcg",
    netbootUrl: "http://10.0.2.2:8081/boot.ipxe",
    medium: false,
  } as const;
  const text = qemuArguments(machine, options).join(" ");
  expect(text).toContain("-machine q35,graphics=off,smm=on ");
  expect(text).toContain("-global driver=cfi.pflash01,property=secure,value=on");
  expect(line("virtio").text).not.toMatch(/smm|secure/u);
});

test("there is a drive only where there is a medium", () => {
  expect(line("virtio", "medium").text).not.toMatch(/usb|bootindex/u);
  expect(line("virtio", "disk", { medium: true }).text).toMatch(/usb-storage,id=cd0,drive=medium(?: |$)/u);
  expect(line("virtio", "medium", { medium: true }).text.match(/bootindex/gu)).toHaveLength(1);
  expect(line("virtio", "medium", { medium: true }).text).toContain("usb-storage,id=cd0,drive=medium,bootindex=0");
});

test("the network that is booted from has IPv6: iPXE waits long for a router where there is none", () => {
  const [booted, other] = line("virtio").text.match(/user,id=net\d[^ ]*/gu) ?? [];
  expect(booted).not.toContain("ipv6=off");
  expect(other).toContain("ipv6=off");
});

test("a comma in an address does not end QEMU's option", () => {
  expect(line("virtio", "network", { netbootUrl: "http://10.0.2.2:1/a,b" }).text).toContain(
    "bootfile=http://10.0.2.2:1/a,,b",
  );
});

test("what is made up is what is read back; anything else says what is wrong with which file", () => {
  for (const disk of diskKinds) {
    const machine = labMachineMake("lab-1", { ...shape, disk });
    expect(labMachineParse(JSON.stringify(machine), "f")).toEqual(machine);
  }
  const machine = labMachineMake("lab-1", shape);
  for (const text of [
    "",
    "{}",
    JSON.stringify({ ...machine, name: "../up" }),
    JSON.stringify({ ...machine, disks: [] }),
    JSON.stringify({ ...machine, disks: [{ kind: "virtio", bytes: 1 << 30, serial: "a,readonly=on" }] }),
    JSON.stringify({ ...machine, nics: [{ mac: "52:54:00:00:00:01,x=y" }] }),
    JSON.stringify({ ...machine, more: 1 }),
  ]) {
    expect(() => labMachineParse(text, "/x/machine.json")).toThrow(
      /\/x\/machine\.json does not describe a lab machine/u,
    );
  }
});

test.each([
  ["too little memory", { memoryMiB: 64 }, /--memory: expected at least 256/u],
  ["half a sector", { diskBytes: (1 << 30) + 1 }, /--disk-size: expected a multiple of 512/u],
  ["no disk", { disks: 0 }, /disks/u],
  ["too many of them", { nics: 7 }, /nics/u],
])("there is no machine with %s", (_what, more, pattern) => {
  expect(() => labMachineMake("lab-1", { ...shape, ...more })).toThrow(pattern);
});

test("a QEMU that is missing is named with its package", async () => {
  await expect(labPrograms("uefi", { env: { PATH: "/nowhere" } })).rejects.toThrow(/apt-get install qemu-system-x86/u);
});

test.each(["kvm", "tcg"] as const)("with %s a machine has the processor that the self-test tries", (accelerator) => {
  const machine = labMachineMake("lab-1", { ...shape, disk: "virtio" });
  const options = { programs, accelerator, netbootUrl: "http://10.0.2.2:8081/boot.ipxe", medium: false };
  expect(qemuArguments(machine, options).join(" ")).toContain(` ${acceleratorArguments(accelerator).join(" ")} `);
});
