import { expect, test } from "vitest";
import { SignatureFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { emptyInstallForm, imageName, installImageOf, installProblems, refusedField } from "./install-form.ts";
import { installMessage } from "./machine-install.ts";

const digest = `sha256:${"0a".repeat(32)}`;
const good = { ...emptyInstallForm, url: "https://images.example/debian-13.raw.zst", digest, selector: "serial=S1" };

test("an empty form lacks its image, digest and disk", () => {
  expect(installProblems(emptyInstallForm)).toEqual({ url: "missing", digest: "missing", selector: "missing" });
  expect(installProblems(good)).toEqual({});
});

test("what is wrong is said beside its field", () => {
  const wrong = { ...good, url: "ftp://x/y", digest: digest.toUpperCase(), selector: "seral=1", attempts: "101" };
  const problems = installProblems({ ...wrong, userData: new Uint8Array(256 * 1024 + 1) });
  expect(problems.url).toMatch(/expected an http, https or oci URL/u);
  expect(problems.digest).toMatch(/64 lower-case hex digits/u);
  expect(problems.selector).toMatch(/not a condition/u);
  expect(problems.attempts).toMatch(/0 to 100/u);
  expect(problems.userData).toMatch(/262145 bytes/u);
});

test("by a profile, nothing of the image's fields counts", () => {
  const form = { ...emptyInstallForm, by: "profile", profile: "web@3", url: "ftp://x" } as const;
  expect(installProblems(form)).toEqual({});
  expect(installProblems({ ...form, profile: "" })).toEqual({ profile: "missing" });
  expect(installProblems({ ...form, profile: "Web" })).toEqual({ profile: "expected NAME or NAME@VERSION" });
  const message = installMessage({ id: "one" }, { ...form, values: { domain: "example.org" } }, "id");
  expect(message).toMatchObject({ profile: "web@3", values: { domain: "example.org" } });
  expect(message.image).toBeUndefined();
});

test("a pace needs tries, a signature its key, and token hosts are hosts", () => {
  expect(installProblems({ ...good, retryInitial: "90s" }).retryInitial).toMatch(/number/u);
  expect(installProblems({ ...good, attempts: "2", retryInitial: "soon" }).retryInitial).toMatch(/not a duration/u);
  expect(installProblems({ ...good, signature: "x" }).signature).toMatch(/key/u);
  expect(installProblems({ ...good, tokenHosts: "auth.example\nhttp://x" }).tokenHosts).toMatch(/"http:\/\/x"/u);
  const form = { ...good, attempts: "2", retryInitial: "90s", tokenHosts: " auth.example:5000 \n" };
  const message = installMessage({ id: "one" }, form, "id");
  expect(message.retry).toMatchObject({ attempts: 2, initialSeconds: 90, maximumSeconds: 0 });
  expect(message.image?.tokenHost).toEqual(["auth.example:5000"]);
});

test("the message has what was typed, without blanks around it", () => {
  const image = installImageOf({ ...good, url: ` ${good.url}\n`, signatureKey: "untrusted comment: x\nRWQf6LRC" });
  expect(image.url).toBe(good.url);
  expect(image.rootDisk?.serialNumber).toBe("S1");
  expect(image.signature?.format).toBe(SignatureFormat.MINISIGN);
  expect(installImageOf({ ...good, signatureKey: "-----BEGIN PUBLIC KEY-----" }).signature?.format).toBe(
    SignatureFormat.COSIGN,
  );
  expect(installImageOf(good).signature).toBeUndefined();
});

test.each([
  ["https://images.example/debian-13.raw.zst", "debian-13"],
  ["https://images.example/a/ubuntu-24.04.qcow2?token=x", "ubuntu-24.04"],
  ["oci://registry.example/os/debian@sha256:00", "debian"],
  ["", "the image"],
])("the image of %s in a word", (url, name) => {
  expect(imageName(url)).toBe(name);
});

test("a refusal is put beside the field that it names", () => {
  expect(refusedField("image.root_disk: no disk matches serial=X")).toBe("selector");
  expect(refusedField("image.size_bytes: the image takes 5 bytes")).toBe("selector");
  expect(refusedField("image.digest: expected")).toBe("digest");
  expect(refusedField("this machine is in quarantine")).toBeUndefined();
  expect(refusedField("image.toString: x")).toBeUndefined();
  expect(refusedField("profile: there is no profile web")).toBe("profile");
  expect(refusedField("values.domain: is missing")).toBe("profile");
});
