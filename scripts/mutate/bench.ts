/**
 * The test bench of `mutate.ts`: a process of its own, in which Vitest stands ready in a copy of the tree. It is told which
 * test files to run on which text of which file, and answers with the first one that failed. A fault may be an
 * endless loop, so whoever started it ends it when it takes too long.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest, type TestModule, type TestSpecification } from 'vitest/node';

/** What the bench is asked. */
export interface Question {
  /** Written before the tests are run. */
  readonly write: readonly { readonly file: string; readonly text: string }[];
  /** In this order. */
  readonly tests: readonly string[];
  /** Stop at the first failure. */
  readonly bail: boolean;
}

/** What came of it. */
export interface Answer {
  /** The first test that failed, of each file that has one. */
  readonly failed: readonly { readonly file: string; readonly title: string }[];
  /** Milliseconds for each file. */
  readonly took: { readonly [file: string]: number };
}

/** Without a fault nothing is a failure only because it is slow. With one, many a test waits for what never comes. */
const TEST_TIMEOUT = process.env.MUTATE_REACH ? 120_000 : 12_000;

async function main(folder: string): Promise<void> {
  class AsGiven {
    shard = (files: TestSpecification[]): TestSpecification[] => files;
    sort = (files: TestSpecification[]): TestSpecification[] => files;
  }
  /** Of this question: Vitest itself answers with all modules and errors that there ever were. */
  const ended: TestModule[] = [];
  const heard = new Set<unknown>();
  const vitest = await createVitest('test', {
    root: folder,
    watch: false,
    // To load everything anew for each file takes longer than most tests. What one file leaves behind for the next is no answer,
    // for what fails is run once more without the fault.
    isolate: Boolean(process.env.MUTATE_REACH),
    reporters: [{ onTestModuleEnd: (module) => void ended.push(module) }],
    setupFiles: [join(folder, 'reach.ts')],
    sequence: { sequencer: AsGiven as never },
    testTimeout: TEST_TIMEOUT,
    hookTimeout: TEST_TIMEOUT,
    teardownTimeout: 10_000,
    maxWorkers: Number(process.env.MUTATE_WORKERS ?? 1),
    cache: false,
    onConsoleLog: () => false,
  });
  const project = vitest.getRootProject();

  process.on('message', async ({ write, tests, bail }: Question) => {
    for (const { file, text } of write) {
      writeFileSync(join(folder, file), text);
      vitest.invalidateFile(join(folder, file));
    }
    const took: { [file: string]: number } = {};
    const failed: { file: string; title: string }[] = [];
    vitest.config.bail = bail ? 1 : 0;
    for (const each of vitest.projects) each.config.bail = bail ? 1 : 0;
    const specifications = tests.map((file) => project.createSpecification(join(folder, file)));
    ended.length = 0;
    const { unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
    for (const module of ended) {
      took[module.relativeModuleId] = module.diagnostic().duration + module.diagnostic().collectDuration;
      if (module.state() !== 'failed') continue;
      const [test] = module.children.allTests('failed');
      failed.push({ file: module.relativeModuleId, title: test?.fullName ?? 'the file itself' });
    }
    for (const error of unhandledErrors) {
      if (heard.has(error)) continue;
      heard.add(error);
      const { message } = error as { readonly message?: string };
      const title = `an error that nobody handled: ${String(message).split('\n')[0]}`;
      if (failed.length === 0) failed.push({ file: '', title });
    }
    process.send?.({ failed, took } satisfies Answer);
  });
  process.send?.('ready');
}

// As a program only, and not where its types are imported.
if (process.argv[1] === import.meta.filename) await main(process.argv[2] as string);
