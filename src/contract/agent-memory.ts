/**
 * Memory in MiB that a machine needs to boot the agent: the unpacked initramfs, Node and the agent, of the larger of the two
 * boot image profiles (docs/operations/boot.md, "Boot image"). With less, the kernel may fail to unpack the initramfs and start over.
 */
export const agentMemoryMiB = 1_024;
