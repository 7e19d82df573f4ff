import { expect, test } from "vitest";
import { oneImage, oneImageName, oneProfile } from "./catalogue-parameters.ts";

const [image, name, profile] = [oneImage, oneImageName, oneProfile].map(
  ({ parameters: [parameter] }) => parameter.parse,
);

test.each([
  ["debian-12", [true, true, true]],
  ["debian-12@3", [true, false, true]],
  ["debian-12@stable", [true, false, false]],
  ["Debian", [false, false, false]],
  ["debian@", [false, false, false]],
])("%s: an image, a name, a profile", (text, expected) => {
  const accepts = (parse: ((typed: string) => string) | undefined): boolean => {
    try {
      return parse?.(text) === text;
    } catch (error) {
      expect(String(error)).toContain("expected");
      return false;
    }
  };
  expect([image, name, profile].map(accepts)).toEqual(expected);
});
