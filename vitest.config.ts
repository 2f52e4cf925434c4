import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Left alone, Vitest starts its workers with `--conditions development`, and XState answers
 * that with its development build. Plain Node sets no such condition and gets `xstate.cjs.js`:
 * what users run, and so what the tests run (`test/package.test.ts` looks). A hook, because
 * Vite adds the lists of a config to its own defaults and takes nothing away.
 */
const conditionsOfPlainNode: Plugin = {
  name: 'conditions-of-plain-node',
  configResolved(config) {
    // Once for what Node is told, once for each of the resolvers that Vite has itself.
    for (const resolve of [config.ssr.resolve, ...Object.values(config.environments).map((each) => each.resolve)]) {
      if (resolve?.conditions) resolve.conditions = resolve.conditions.filter((name) => !name.includes('development'));
    }
  },
};

export default defineConfig({
  plugins: [conditionsOfPlainNode],
  resolve: {
    alias: [
      { find: /^signalbox\/(errors|machines|store|types)$/, replacement: source('src/entries/$1.ts') },
      { find: /^signalbox\/(sqlite|postgres|redis)$/, replacement: source('src/stores/$1/index.ts') },
      { find: /^signalbox\/(\w+)$/, replacement: source('src/$1/index.ts') },
      { find: /^signalbox$/, replacement: source('src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // `npm run bundles` runs these.
    exclude: ['test/bundles/**'],
    // What a file loads is there for the next one, which is half of what small ones take. Whoever needs a process of its own starts one.
    isolate: false,
    // Many files wait for servers and processes most of their time: two at once, also where there are only two cores.
    maxWorkers: 2,
    // What hangs is a failure. What starts servers and processes takes its time on a machine that has much to do.
    testTimeout: 20_000,
    // A second, which is what Vitest gives it, is not enough for what a server answers to on such a machine.
    expect: { poll: { timeout: 15_000 } },
    // A test that leaves a timer or a socket behind must not be hidden by a killed worker.
    teardownTimeout: 5_000,
  },
});
