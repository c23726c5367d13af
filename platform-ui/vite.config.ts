// Development server, build and unit tests of the console.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env.API_URL ?? "http://localhost:8080";
const api = [
  "/functions",
  "/function/",
  "/async-function/",
  "/calls",
  "/events",
  "/build",
  "/register",
  "/secrets",
  "/runtimes",
  "/system",
  "/metrics",
  "/healthz",
  "/readyz",
];

export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  html: { cspNonce: "__NONCE__" },
  build: {
    outDir: "../gateway/plat_gateway/console",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(api.map((path) => [path, { target: gateway, changeOrigin: true }])),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
