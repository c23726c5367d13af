// What the token may do, as the platform says it; the gateway decides all the same.
import { useQuery } from "@tanstack/react-query";
import { systemInfo } from "../api/functions";

export const SYSTEM = ["system"] as const;

export const VIEWER_REASON =
  "You signed in with a viewer's token: it may look, and neither change nor call anything.";

/** Whether it is a viewer's; until the platform has said so, it is taken for an admin's. */
export function useIsViewer(): boolean {
  const { data } = useQuery({
    queryKey: SYSTEM,
    queryFn: ({ signal }) => systemInfo(signal),
    staleTime: Infinity,
  });
  return data?.role === "viewer";
}
