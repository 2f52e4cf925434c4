import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^signalbox\/testing$/, replacement: source('src/testing/index.ts') },
      { find: /^signalbox$/, replacement: source('src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // A test that leaves a timer or a socket behind must not be hidden by a killed worker.
    teardownTimeout: 5_000,
  },
});
