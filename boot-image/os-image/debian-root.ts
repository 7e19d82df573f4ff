import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDirectory } from "../../src/lib/host/make-directory.ts";
import { runBuildProgram } from "../run-program.ts";

/** Debian 12. */
const suite = "bookworm";

/** The image's Debian packages, besides the essential ones. */
const packages = [
  "ca-certificates",
  "cloud-guest-utils",
  "cloud-init",
  "dbus",
  "e2fsprogs",
  "grub-efi-amd64-bin",
  "grub-efi-amd64-signed",
  "grub-pc-bin",
  "grub2-common",
  "iproute2",
  "linux-image-amd64",
  "login",
  "netbase",
  "openssh-server",
  "shim-signed",
  "sudo",
  "systemd",
  "systemd-resolved",
  "systemd-sysv",
  "udev",
  // Compresses the initramfs; without it, gzip does so slowly.
  "zstd",
];

/** The kernel's timer test panics if the emulator of a busy host delivers interrupts too late. */
const kernelParameters = "console=tty0 console=ttyS0,115200 no_timer_check";

/** Files that Farrier adds to the system: path → text. */
function overlay(rootUuid: string): Record<string, string> {
  return {
    "etc/fstab": `UUID=${rootUuid} / ext4 errors=remount-ro 0 1\nLABEL=EFI /boot/efi vfat umask=0077,nofail 0 2\n`,
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n::1 localhost ip6-localhost ip6-loopback\n",
    // Empty: each machine makes its own on the first boot.
    "etc/machine-id": "",
    "etc/default/grub": [
      "GRUB_DEFAULT=0",
      "GRUB_TIMEOUT=1",
      "GRUB_DISTRIBUTOR=Debian",
      'GRUB_CMDLINE_LINUX_DEFAULT=""',
      `GRUB_CMDLINE_LINUX="${kernelParameters}"`,
      'GRUB_TERMINAL="console serial"',
      "",
    ].join("\n"),
    "boot/grub/grub.cfg": [
      "# Until `update-grub` writes another one.",
      "set timeout=0",
      `search --no-floppy --fs-uuid --set=root ${rootUuid}`,
      "menuentry Debian {",
      // The older protocol for BIOS: with the newer one GRUB copies tens of megabytes.
      '  if [ "$grub_platform" = pc ]; then',
      `    linux16 /vmlinuz root=UUID=${rootUuid} ro ${kernelParameters}`,
      "    initrd16 /initrd.img",
      "  else",
      `    linux /vmlinuz root=UUID=${rootUuid} ro ${kernelParameters}`,
      "    initrd /initrd.img",
      "  fi",
      "}",
      "",
    ].join("\n"),
    // No other data source is tried, so that a machine without any does not wait for a cloud.
    "etc/cloud/cloud.cfg.d/90_farrier.cfg":
      "datasource_list: [NoCloud, None]\n# The package locales is not there.\nlocale: false\n# DSA is of no use any more, RSA takes long to make.\nssh_genkeytypes: [ed25519, ecdsa]\n",
    // On an emulator on a busy host the serial device takes longer than the usual 90 s to appear, and there would be no
    // login on it.
    "etc/systemd/system.conf.d/90-devices.conf": "[Manager]\nDefaultDeviceTimeoutSec=10min\n",
    "etc/systemd/network/80-dhcp.network": "[Match]\nType=ether\n\n[Network]\nDHCP=yes\n",
  };
}

/** Steps in the root after its packages are installed; $1 is the root. */
const customize = [
  'chroot "$1" systemctl enable systemd-networkd systemd-resolved ssh',
  'rm -f "$1"/etc/ssh/ssh_host_*',
  'mkdir -p "$1/boot/efi" "$1/boot/grub/i386-pc"',
  'ln -sf ../run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"',
];

/** A root file system as a tar archive, and the parts of it for other partitions. */
export interface DebianRoot {
  tar: string;
  /** Folder with shimx64.efi.signed, mmx64.efi.signed and grubx64.efi.signed. */
  efi: string;
}

/**
 * Makes Debian's root file system, with cloud-init and both kinds of GRUB, as a tar archive in `work`. mmdebstrap runs
 * as root, or as an ordinary user in its own namespaces.
 * @throws {BuildError}
 */
export async function debianRoot(options: {
  work: string;
  rootUuid: string;
  grubModules: string;
}): Promise<DebianRoot> {
  const { work, rootUuid, grubModules } = options;
  const files = join(work, "overlay");
  for (const [path, text] of Object.entries(overlay(rootUuid))) {
    await makeDirectory(dirname(join(files, path)));
    await writeFile(join(files, path), text, { mode: 0o644 });
  }
  const overlayTar = join(work, "overlay.tar");
  const plain = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX", "--no-recursion"];
  await runBuildProgram("tar", ["-cf", overlayTar, ...plain, "-C", files, ...Object.keys(overlay(rootUuid))]);
  const efi = join(work, "efi");
  await mkdir(efi);
  const tar = join(work, "root.tar");
  const hooks = [
    `tar-in '${overlayTar}' /`,
    ...customize,
    ...["usr/lib/shim/shimx64.efi.signed", "usr/lib/shim/mmx64.efi.signed"].map((file) => `copy-out /${file} '${efi}'`),
    `copy-out /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed '${efi}'`,
    `sync-in '${grubModules}' /boot/grub/i386-pc`,
  ];
  await runBuildProgram("mmdebstrap", [
    "--variant=minbase",
    "--quiet",
    `--include=${packages.join(",")}`,
    ...['APT::Install-Recommends "false"', 'Acquire::Languages "none"'].map((option) => `--aptopt=${option}`),
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    ...hooks.map((hook) => `--customize-hook=${hook}`),
    suite,
    tar,
  ]);
  return { tar, efi };
}
