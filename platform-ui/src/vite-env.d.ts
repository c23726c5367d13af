// Type declarations of Vite.
/// <reference types="vite/client" />
