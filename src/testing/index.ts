/** What tests of orchestrations need, shipped to users as `signalbox/testing`. */
export {
  type FakeClock,
  type FakeClockOptions,
  fakeClock,
  type SettledOptions,
  type Settling,
  settled,
} from './clock.ts';
export { type CrashOptions, type CrashPoint, type DoomedBox, crashAt, crashPoints } from './crash.ts';
export { type StoreCase, type StorePlace, type StoreSuiteOptions, storeSuite } from './conformance.ts';
export { executorBodies } from './executor-bodies.ts';
export { type ExecutorCase, type ExecutorPlace, type ExecutorSuiteOptions, executorSuite } from './executors.ts';
