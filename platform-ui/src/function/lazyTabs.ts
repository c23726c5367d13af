// Tabs of the function page in separate chunks.
import { lazy } from "react";

export const loadTab = {
  invoke: () => import("./InvokeTab"),
  calls: () => import("./CallsTab"),
  logs: () => import("./LogsTab"),
  replicas: () => import("./ReplicasTab"),
  settings: () => import("./SettingsTab"),
};

export const InvokeTab = lazy(loadTab.invoke);
export const CallsTab = lazy(loadTab.calls);
export const LogsTab = lazy(loadTab.logs);
export const ReplicasTab = lazy(loadTab.replicas);
export const SettingsTab = lazy(loadTab.settings);
