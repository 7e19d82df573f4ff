import { CacheError } from "../errors.ts";
import { registryText, registryJson, type RegistryCall } from "./registry-call.ts";

const pageMost = 4 << 20;
const pagesMost = 100;

/** All tags of a repository; none if it is not there yet. @throws {CacheError} `unavailable` */
export async function tagList(call: RegistryCall, repository: URL, signal?: AbortSignal): Promise<unknown[]> {
  const tags: unknown[] = [];
  let url: URL | undefined = new URL("tags/list?n=1000", repository);
  for (let page = 0; url !== undefined && page < pagesMost; page += 1) {
    const answer = await call({ method: "GET", url, signal });
    const said = await registryText(answer, pageMost);
    if (answer.statusCode === 404) {
      return tags;
    }
    if (answer.statusCode !== 200) {
      throw new CacheError("unavailable", `the registry answered ${answer.statusCode ?? 0} to a list of its tags`);
    }
    const found = registryJson(said)["tags"];
    tags.push(...(Array.isArray(found) ? found : []));
    // The address of the next page (RFC 8288).
    const next = /<(?<next>[^>]+)>\s*;\s*rel="?next"?/u.exec([answer.headers["link"] ?? []].flat().join(","))?.groups?.[
      "next"
    ];
    const following: URL | null = next === undefined ? null : URL.parse(next, repository);
    url = following?.origin === repository.origin ? following : undefined;
  }
  return tags;
}
