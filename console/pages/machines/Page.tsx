import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Machines". */
export default function MachinesPage(): ReactNode {
  return <PageHead title="Machines" />;
}
