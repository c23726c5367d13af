// The role of the token. The console only reflects it; the gateway enforces it.
import { useQuery } from "@tanstack/react-query";
import { systemInfo } from "../api/functions";

export const SYSTEM = ["system"] as const;

export const VIEWER_REASON =
  "You signed in with a viewer's token, which cannot change or call functions.";

/** Whether the token is a viewer's; assumed to be an admin's until the platform has responded. */
export function useIsViewer(): boolean {
  const { data } = useQuery({
    queryKey: SYSTEM,
    queryFn: ({ signal }) => systemInfo(signal),
    staleTime: Infinity,
  });
  return data?.role === "viewer";
}
