import type { ReactNode } from "react";
import { Link } from "react-router";
import { PageHead } from "../../layout/PageHead.tsx";
import { paths } from "../../paths.ts";

/** For an address that is no page of the console. */
export function NotThere(): ReactNode {
  return (
    <PageHead title="There is no such page">
      <p>
        Go to the <Link to={paths.overview()}>overview</Link> or to the <Link to={paths.machines()}>machines</Link>.
      </p>
    </PageHead>
  );
}
