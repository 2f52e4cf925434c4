import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^signalbox\/(\w+)$/, replacement: source('src/$1/index.ts') },
      { find: /^signalbox$/, replacement: source('src/index.ts') },
    ],
  },
  // Left alone, Vitest starts its workers with `--conditions development`, and XState answers
  // that with its development build. Plain Node, as users run it, sets no such condition and
  // gets `xstate.cjs.js`; these lines make the tests run that one too (test/package.test.ts).
  ssr: { resolve: { conditions: ['node'], externalConditions: ['node'] } },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // A test that leaves a timer or a socket behind must not be hidden by a killed worker.
    teardownTimeout: 5_000,
  },
});
