import { generateKeyPairSync, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ImageState } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { readyImage } from "../profile/profile-image.ts";
import { operatorFixture, refusal } from "../testing/operator-fixture.ts";

const { fleet, clients, dependencies } = await operatorFixture();
const { images } = clients;
const digest = `sha256:${"ab".repeat(32)}`;
const url = "https://alice:hunter2@images.example.org/debian.raw.zst?key=hunter3";
const add = (name: string, more: object = {}) => images.imageAdd({ requestId: randomUUID(), name, url, ...more });
/** As a server that fetched it would have it. */
const ready = (name: string, version: number) =>
  fleet.rows(
    `UPDATE image_version SET state = 'ready', digest = $3, ready_at = now(), facts = '{"format": "raw", "unpackedBytes": 12}'
     WHERE image_name = $1 AND version = $2`,
    name,
    version,
    digest,
  );

test("versions are numbered from 1; a repeated command adds none", async () => {
  const requestId = randomUUID();
  const first = await images.imageAdd({ requestId, name: "debian", url, digest });
  expect(first.image).toMatchObject({ name: "debian", version: 1, state: ImageState.FETCHING, digest });
  expect((await images.imageAdd({ requestId, name: "debian", url, digest })).image?.version).toBe(1);
  expect(await refusal(images.imageAdd({ requestId, name: "debian", url }))).toEqual([
    "FailedPrecondition",
    expect.stringContaining("was used for another command"),
  ]);
  expect((await add("debian")).image).toMatchObject({ version: 2, digest: "" });
  const together = await Promise.all(Array.from({ length: 8 }, () => add("debian")));
  expect(together.map(({ image }) => image?.version).toSorted((one = 0, other = 0) => one - other)).toEqual([
    3, 4, 5, 6, 7, 8, 9, 10,
  ]);
});

test("secrets of the source are sealed, and in no answer", async () => {
  const { image } = await add("secret");
  expect(image?.url).toBe("https://images.example.org/debian.raw.zst");
  const shown = JSON.stringify(await images.imageShow({ image: "secret" }), (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  expect(shown).not.toContain("hunter");
  const [row] = await fleet.rows(
    "SELECT image_version::text AS text, sealed_source FROM image_version WHERE image_name = 'secret'",
  );
  expect(`${String(row?.["text"])}${String(row?.["sealed_source"])}`).not.toContain("hunter");
});

test("the latest version, versions by number and by tag", async () => {
  await add("tagged");
  await add("tagged");
  // While none is ready, the newest is shown.
  expect((await images.imageShow({ image: "tagged" })).image?.version).toBe(2);
  const tag = (image: string, name: string, remove = false) =>
    images.imageTag({ requestId: randomUUID(), image, tag: name, remove });
  expect(await refusal(tag("tagged@1", "stable"))).toEqual([
    "FailedPrecondition",
    expect.stringContaining("tagged@1 is not ready"),
  ]);
  await ready("tagged", 1);
  expect((await tag("tagged@1", "stable")).image).toMatchObject({ version: 1, tags: ["stable"] });
  expect((await tag("tagged@stable", "latest")).image?.tags).toEqual(["latest", "stable"]);
  expect((await images.imageShow({ image: "tagged" })).image).toMatchObject({
    version: 1,
    facts: { format: "raw", unpackedBytes: 12n },
  });
  await tag("tagged", "stable", true);
  expect((await refusal(tag("tagged", "stable", true)))[0]).toBe("NotFound");
  expect((await refusal(images.imageShow({ image: "tagged@stable" })))[0]).toBe("NotFound");
  expect((await refusal(images.imageShow({ image: "tagged@9" })))[0]).toBe("NotFound");
  expect((await refusal(tag("tagged@1", "7")))[0]).toBe("InvalidArgument");
});

test("lists: each image with its newest version, or all versions of one, by pages", async () => {
  await Promise.all(["list-a", "list-b", "list-c"].map((name) => add(name)));
  await add("list-b");
  const all: string[] = [];
  let pageToken = "";
  do {
    const page = await images.imageList({ pageSize: 2, pageToken });
    all.push(...page.images.map(({ name, version }) => `${name}@${version}`));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(all.filter((text) => text.startsWith("list-"))).toEqual(["list-a@1", "list-b@2", "list-c@1"]);
  const first = await images.imageList({ name: "list-b", pageSize: 1 });
  const second = await images.imageList({ name: "list-b", pageSize: 1, pageToken: first.nextPageToken });
  expect([...first.images, ...second.images].map(({ version }) => version)).toEqual([2, 1]);
  expect(second.nextPageToken).toBe("");
  for (const wrong of [
    { name: "list-b", pageToken: "name:list-a" },
    { pageToken: "version:1" },
    { pageToken: "else" },
    { name: "List" },
  ]) {
    expect((await refusal(images.imageList(wrong)))[0]).toBe("InvalidArgument");
  }
  expect((await refusal(images.imageList({ name: "unknown" })))[0]).toBe("NotFound");
});

test("deleting one version, and an image with all", async () => {
  await add("gone");
  await add("gone");
  const remove = (image: string) => images.imageDelete({ requestId: randomUUID(), image });
  expect((await remove("gone@1")).versions).toBe(1);
  // A number is not given twice.
  expect((await add("gone")).image?.version).toBe(3);
  expect((await remove("gone")).versions).toBe(2);
  expect((await refusal(remove("gone")))[0]).toBe("NotFound");
});

test("a pending installation keeps its image", async () => {
  await add("needed");
  const machine = await fleet.add();
  const generation = await fleet.request(machine);
  await fleet.rows(
    "INSERT INTO machine_installation_profile (machine_id, generation, image_name, image_version) VALUES ($1, $2, 'needed', 1)",
    machine.machineId,
    generation,
  );
  const remove = () => images.imageDelete({ requestId: randomUUID(), image: "needed@1" });
  expect(await refusal(remove())).toEqual([
    "FailedPrecondition",
    expect.stringContaining("is to be installed with image needed"),
  ]);
  await fleet.cancel(machine);
  expect((await remove()).versions).toBe(1);
});

test.each<[string, object, RegExp]>([
  ["a name with capitals", { name: "Debian" }, /^name: expected a-z/u],
  ["no name", { name: "" }, /^name/u],
  ["a path", { name: "../x" }, /^name/u],
  ["no URL", { url: "" }, /^url: expected an http/u],
  ["a file", { url: "file:///etc/passwd" }, /^url/u],
  ["a digest of another kind", { digest: "md5:00" }, /^digest: /u],
  [
    "a registry's image without its digest",
    { url: `oci://host/debian@sha256:${"0".repeat(64)}` },
    /digest: is missing/u,
  ],
  ["a signature without a key", { signature: { format: 1 } }, /^signature\.public_key: is missing/u],
  ["an unknown format", { format: 9 }, /^format: this server knows no such image format/u],
  ["certificates that are none", { caCertificates: Uint8Array.of(1, 2) }, /^ca_certificates/u],
])("refused: %s", async (_what, more, expected) => {
  const [code, message] = await refusal(add("bad", more));
  expect([code, message]).toEqual(["InvalidArgument", expect.stringMatching(expected)]);
  expect(message).not.toContain("hunter");
});

test("the number of a deleted version never comes again, and the newest that is ready is the latest", async () => {
  const remove = (image: string) => images.imageDelete({ requestId: randomUUID(), image });
  const latest = async () => (await images.imageShow({ image: "again" })).image?.version;
  for (const _ of [1, 2, 3]) {
    await add("again");
  }
  await ready("again", 1);
  await ready("again", 2);
  await fleet.rows(
    "UPDATE image_version SET state = 'failed', failure = 'no', failure_code = 'unusable' WHERE image_name = 'again' AND version = 3",
  );
  expect(await latest()).toBe(2);
  await images.imageTag({ requestId: randomUUID(), image: "again@2", tag: "latest", remove: false });
  await remove("again@2");
  expect((await images.imageShow({ image: "again" })).image).toMatchObject({ version: 1, tags: ["latest"] });
  await remove("again@3");
  expect((await add("again")).image?.version).toBe(4);
  expect(await images.imageDelete({ requestId: randomUUID(), image: "again" })).toMatchObject({ versions: 2 });
  expect((await refusal(images.imageShow({ image: "again" })))[0]).toBe("NotFound");
  expect((await images.imageList({})).images.map(({ name }) => name)).not.toContain("again");
  expect((await add("again")).image?.version).toBe(5);
});

test("after 10,000 versions there are no more, and it is said what to do", async () => {
  await add("full");
  await fleet.rows("UPDATE catalogue_image SET last_version = 10000 WHERE image_name = 'full'");
  expect(await refusal(add("full"))).toEqual([
    "FailedPrecondition",
    "image full had 10000 versions, and gets no more: add it under another name",
  ]);
});

test("a signed list of digests: what can't give the digest is refused at once", async () => {
  const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  const publicKey = Uint8Array.from(Buffer.concat([Buffer.from("Ed01234567"), Buffer.from(x, "base64url")]));
  const signature = { format: SignatureFormat.MINISIGN, publicKey };
  const signed = { ...signature, signature: Uint8Array.of(1) };
  const list = Uint8Array.from(Buffer.from(`${"ab".repeat(32)}  debian.raw.zst\n`));
  const wrong = async (digestFrom: object, more: object = {}) => {
    const [code, text] = await refusal(add("listed", { digestFrom, ...more }));
    expect(code, text).toBe("InvalidArgument");
    return text;
  };
  const listUrl = "https://bob:hunter4@images.example.org/SHA256SUMS";
  expect(await wrong({ url: listUrl, signature }, { digest })).toContain("digest_from: gives the digest itself");
  expect(await wrong({ url: listUrl })).toContain("digest_from.signature: is missing");
  expect(await wrong({ url: listUrl, list, signature: signed })).toContain(
    "digest_from: expected the list, or its url",
  );
  expect(await wrong({ list, signature })).toContain("expected the bytes of the list's signature");
  expect(await wrong({ list, signature: signed }, { url: "https://images.example.org/x.raw" })).toContain(
    'has no SHA-256 of "x.raw"; it has those of debian.raw.zst',
  );
  expect(await wrong({ url: "ftp://a/b", signature })).toContain("http or https");
  const folder = { url: "https://images.example.org/a/" };
  expect(await wrong({ url: listUrl, signature }, folder)).toContain("ends with the name of its file");
  const { image } = await add("listed", { digestFrom: { url: listUrl, signature } });
  expect(image).toMatchObject({ isSigned: true, digest: "" });
  const [row] = await fleet.rows("SELECT image_version::text AS text FROM image_version WHERE image_name = 'listed'");
  expect(String(row?.["text"])).not.toContain("hunter");
  expect((await add("listed", { url, digestFrom: { list, signature: signed } })).image?.version).toBe(2);
});

test("machines get the signature that was fetched from beside an image", async () => {
  const { x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  const publicKey = Uint8Array.from(Buffer.concat([Buffer.from("Ed01234567"), Buffer.from(x, "base64url")]));
  await add("beside", { signature: { format: SignatureFormat.MINISIGN, publicKey } });
  await ready("beside", 1);
  await fleet.rows("UPDATE image_version SET fetched_signature = '\\x0102' WHERE image_name = 'beside'");
  const { image } = await readyImage(dependencies.database, dependencies.secrets, { name: "beside" });
  expect(image.signature).toMatchObject({ publicKey, signature: Uint8Array.of(1, 2) });
});
