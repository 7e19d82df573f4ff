import type { ReactNode } from "react";
import { LogOut } from "../../session/LogOut.tsx";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Access". */
export default function AccessPage(): ReactNode {
  return <PageHead title="Access" actions={<LogOut />} />;
}
