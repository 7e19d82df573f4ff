// `oci://host[:port]/repository@sha256:…`: an image as the one layer of a manifest in a registry.

/** A repository in a registry. */
export interface OciRepository {
  /** The registry's root, `https://host[:port]`; on loopback `http`, as in container tools. */
  registry: URL;
  repository: string;
}

/** A manifest in a repository. */
export interface OciReference extends OciRepository {
  /** The manifest's digest, sha256:<hex>. */
  digest: string;
}

// OCI distribution specification 1.1, "Pulling manifests".
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/u;

/** Undefined if it does not have this form. Pure. */
export function ociReference(text: string): OciReference | undefined {
  const parts = /^(?<place>[^@]*)@(?<digest>sha256:[0-9a-f]{64})$/u.exec(text)?.groups;
  const { place = "", digest = "" } = parts ?? {};
  const found = ociRepository(place);
  return found === undefined ? undefined : { ...found, digest };
}

/** The repository that `oci://host[:port]/repository` names; undefined if it does not have this form. Pure. */
export function ociRepository(text: string): OciRepository | undefined {
  const { host = "", repository = "" } =
    /^oci:\/\/(?<host>[^/@\s]+)\/(?<repository>[^@\s]+)$/u.exec(text)?.groups ?? {};
  const name = host.replace(/:\d+$/u, "");
  const loopback = name === "localhost" || /^127(?:\.\d{1,3}){3}$/u.test(name) || name === "[::1]";
  const registry = URL.parse(`${loopback ? "http" : "https"}://${host}/`);
  return registry === null || !repositoryPattern.test(repository) ? undefined : { registry, repository };
}
