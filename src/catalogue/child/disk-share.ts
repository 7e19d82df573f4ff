import { CatalogueError } from "../errors.ts";

/** The room on the server's disk that one image may take while it is looked into; zeros take none. */
export interface DiskShare {
  /** Called before bytes are written. @throws {CatalogueError} `too_large` if they would be more than its share */
  take(bytes: number): void;
}

/** A share of this number of bytes. */
export function diskShare(most: number): DiskShare {
  let taken = 0;
  return {
    take: (bytes) => {
      taken += bytes;
      if (taken > most) {
        throw new CatalogueError(
          "too_large",
          `it takes ${taken} bytes or more on the server's disk while it is looked into, and may take ${most}, a share of what ` +
            "was free there: make room in the server's data directory, and add the image again",
        );
      }
    },
  };
}
