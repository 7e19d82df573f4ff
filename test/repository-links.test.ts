import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { repositoryFiles, repositoryPaths } from "./support/repository.ts";

const files = await repositoryFiles();
const documents = files.filter(({ path }) => path.endsWith(".md"));

/** A heading's anchor, as GitHub makes it. */
function anchor(heading: string): string {
  return heading
    .replaceAll("`", "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** The anchors of a document's headings; lines within code blocks are no headings. */
function anchorsOf(text: string): Set<string> {
  const prose = text.replaceAll(/^```.*?^```/gmsu, "");
  return new Set(
    [...prose.matchAll(/^#{1,6} (?<heading>.+)$/gmu)].map(({ groups }) => anchor(groups?.["heading"] ?? "")),
  );
}

const paths = new Set(await repositoryPaths());
const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]));

/** What is wrong with a document's links, one line each. */
function brokenLinks(path: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?<target>[^)\s]+)\)/gu)].map(({ groups }) => groups?.["target"] ?? "");
  return links.flatMap((link) => {
    if (/^[a-z]+:/u.test(link)) {
      return [];
    }
    const [file = "", heading] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    const isThere = paths.has(target) || [...paths].some((each) => each.startsWith(`${target.replace(/\/$/u, "")}/`));
    if (!isThere) {
      return [`${path}: ${link}: there is no such file`];
    }
    return heading === undefined || anchors.get(target)?.has(heading) === true
      ? []
      : [`${path}: ${link}: there is no such heading`];
  });
}

test("a link to a missing file or heading is noticed", () => {
  expect(brokenLinks("README.md", "[a](docs/nothing.md) [b](README.md#nothing) [c](https://example.org)")).toEqual([
    "README.md: docs/nothing.md: there is no such file",
    "README.md: README.md#nothing: there is no such heading",
  ]);
});

test("every link between documents leads to a file and a heading", () => {
  expect(documents.length).toBeGreaterThan(10);
  expect(documents.flatMap(({ path, text }) => brokenLinks(path, text))).toEqual([]);
});
