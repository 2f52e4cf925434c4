/** The tests of `npm run bundles`: they are slow, want a browser, and look at nothing but the package as it is built. */
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/bundles/*.test.ts'], teardownTimeout: 5_000 } });
