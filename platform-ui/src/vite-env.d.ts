// Types of what Vite adds to the language.
/// <reference types="vite/client" />
