import { expect, test } from "vitest";
import { bytesText, exactBytesText, memoryText } from "./bytes.ts";

test.each<[bigint | number, string]>([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [12_345, "12.3 kB"],
  [123_456_789n, "123 MB"],
  [999_600n, "1.00 MB"],
  [9_996, "10.0 kB"],
  [4_294_967_296n, "4.29 GB"],
  [3_840_755_982_336n, "3.84 TB"],
  [2n ** 63n - 1n, "9.22 EB"],
  [-1_500, "-1.50 kB"],
])("%s bytes of a disk are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each<[bigint | number, string]>([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [2n << 30n, "2 GiB"],
  [(2n << 30n) - (64n << 20n), "1.94 GiB"],
  [1536n << 20n, "1.5 GiB"],
  [33_500_000_000n, "31.2 GiB"],
  [100n << 30n, "100 GiB"],
  [1000n << 30n, "1000 GiB"],
  [3n << 40n, "3 TiB"],
  [1_048_575n << 10n, "1 GiB"],
])("X18: %s bytes of memory are %s", (bytes, text) => {
  expect(memoryText(bytes)).toBe(text);
});

test("all digits stand beside a size that leaves some out", () => {
  expect(exactBytesText(512_000_000_000n, bytesText)).toBe("512 GB (512000000000)");
  expect(exactBytesText(2n << 30n, memoryText)).toBe("2 GiB (2147483648)");
  expect(exactBytesText(512n, bytesText)).toBe("512 B");
});
