/** The executor that runs bodies in this process passes the suite that others have to. */
import { inProcess } from 'signalbox';
import { executorSuite } from 'signalbox/testing';
import { test } from 'vitest';

for (const { title, run } of executorSuite(() => ({ executor: inProcess }))) test(title, run);
